// The kernels to compare: the compiled variants and the reference, each over a memory of its own, and seeded numbers.

import { readFileSync } from "node:fs";
import { KERNEL_BYTES, type Kernels, type Offset } from "../../kernels/abi.ts";
import { build, modulePath } from "../../kernels/build.ts";
import { createReference } from "../../kernels/reference.ts";
import { type KernelModules, loadKernels, type Variant } from "../../src/engine/kernels.ts";

export const VARIANTS: readonly Variant[] = ["i32", "i16", "plain"];

await build();
const compile = (name: string) => new WebAssembly.Module(readFileSync(modulePath(name)));
export const modules: Required<KernelModules> = {
  i32: compile("kernels-i32"),
  i16: compile("kernels-i16"),
  plain: compile("kernels-plain"),
  math: compile("math"),
};

/** Kernels with a bump allocator over their memory. */
export interface Bench {
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
  /** Reserves bytes, 64-byte aligned, and fills them with `content` or 0xAA. */
  place(content: ArrayBufferView | number): Offset;
  f32(offset: Offset, length: number): Float32Array;
  bytes(offset: Offset, length: number): Uint8Array;
}

export async function compiled(variant: Variant): Promise<Bench> {
  const memory = new WebAssembly.Memory({ initial: 512 });
  return bench((await loadKernels(modules, memory, variant)).kernels, memory);
}

export function reference(tile: number): Bench {
  const memory = new WebAssembly.Memory({ initial: 512 });
  return bench(createReference(memory, { tile }), memory);
}

function bench(kernels: Kernels, memory: WebAssembly.Memory): Bench {
  let end = KERNEL_BYTES;
  return {
    kernels,
    memory,
    place(content) {
      const length = typeof content === "number" ? content : content.byteLength;
      const offset = end;
      end += Math.ceil(length / 64) * 64;
      if (end > memory.buffer.byteLength) memory.grow(Math.ceil((end - memory.buffer.byteLength) / 65_536));
      const target = new Uint8Array(memory.buffer, offset, length);
      if (typeof content === "number") target.fill(0xaa);
      else target.set(new Uint8Array(content.buffer, content.byteOffset, length));
      return offset;
    },
    f32: (offset, length) => new Float32Array(memory.buffer, offset, length).slice(),
    bytes: (offset, length) => new Uint8Array(memory.buffer, offset, length).slice(),
  };
}

/** A seeded generator (mulberry32) of numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** n seeded f32 of roughly normal spread. */
export function gaussians(n: number, seed: number): Float32Array {
  const random = seeded(seed);
  return Float32Array.from({ length: n }, () => random() + random() + random() + random() - 2);
}
