// The built kernels and the reference, each over a memory of its own with the same bytes, for tests that compare them.
// `write` and `both` keep the two in step; `same` asserts that a region has the same bits. Seeded numbers besides.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Kernels } from "../../kernels/abi.ts";
import { build, modulePath } from "../../kernels/build.ts";
import { createReference } from "../../kernels/reference.ts";
import type { Variant } from "../../src/engine/kernels.ts";
import { seeded } from "../fakes/random.ts";

/** Where tests may write: behind the kernels' own tables. */
export const BASE = 65_536;

export interface Pair {
  readonly wasm: Kernels;
  readonly reference: Kernels;
  readonly memories: readonly [wasm: WebAssembly.Memory, reference: WebAssembly.Memory];
  /** Copies values to both memories. */
  write(offset: number, values: Float32Array | Uint32Array | Uint8Array): void;
  /** Makes one call on both and asserts that the results are equal. */
  both<R>(call: (kernels: Kernels) => R): R;
  /** Floats of the Wasm's memory (a copy). */
  floats(offset: number, n: number): Float32Array;
  /** Asserts that n words have equal bits in both memories; two NaN count as equal. Gives the Wasm's as floats. */
  same(offset: number, n: number, what: string): Float32Array;
}

/**
 * A pair for one variant. Of what pairs compare only attention in 8 bits has dots, each variant its own; the rest uses no
 * relaxed operation and is the same in every build, so the plain one does for it.
 */
export async function kernelPair(memoryPages = 64, variant: Variant = "plain"): Promise<Pair> {
  await build();
  const memories = [0, 1].map(() => new WebAssembly.Memory({ initial: memoryPages })) as [
    WebAssembly.Memory,
    WebAssembly.Memory,
  ];
  const wasm = instantiate(memories[0], variant);
  const reference = createReference(memories[1]);
  const floats = (offset: number, n: number) => new Float32Array(memories[0].buffer.slice(offset, offset + n * 4));

  return {
    wasm,
    reference,
    memories,
    floats,
    write(offset, values) {
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      for (const memory of memories) new Uint8Array(memory.buffer).set(bytes, offset);
    },
    both(call) {
      const result = call(wasm);
      assert.equal(call(reference), result);
      return result;
    },
    same(offset, n, what) {
      const [got, expected] = memories.map((memory) => new Float32Array(memory.buffer, offset, n));
      const [gotBits, expectedBits] = memories.map((memory) => new Uint32Array(memory.buffer, offset, n));
      for (let i = 0; i < n; i++) {
        if (gotBits![i] === expectedBits![i]) continue;
        if (Number.isNaN(got![i]) && Number.isNaN(expected![i])) continue;
        assert.fail(`${what}: number ${i} is ${got![i]} in Wasm and ${expected![i]} in the reference`);
      }
      return floats(offset, n);
    },
  };
}

function instantiate(memory: WebAssembly.Memory, variant: Variant): Kernels {
  const module = new WebAssembly.Module(readFileSync(modulePath(`kernels-${variant}`)));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return exports as unknown as Kernels;
}

/** n floats, roughly normal with this deviation. */
export function normals(n: number, seed: number, deviation = 1): Float32Array {
  const next = seeded(seed);
  return Float32Array.from({ length: n }, () => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += next();
    return sum * deviation;
  });
}

/** Floats that break careless arithmetic: zeros, denormals, the largest, infinities. */
export const HARD: readonly number[] = [
  0,
  -0,
  1e-45,
  -1e-45,
  1.1754943508222875e-38,
  -1e-39,
  3.4028234663852886e38,
  -3.4028234663852886e38,
  1,
  -1,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  88.72283172607422,
  -86.64339447021484,
  1e20,
  -1e20,
];
