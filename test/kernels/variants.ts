// Each compiled variant of the kernels, and the reference, over a memory of its own with a place for test data.

import { readFileSync } from "node:fs";
import { KERNEL_BYTES, type Kernels, type Offset } from "../../kernels/abi.ts";
import { build, modulePath } from "../../kernels/build.ts";
import { createReference, type ReferenceOptions } from "../../kernels/reference.ts";
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

/** Kernels and a memory that grows as data is placed. */
export interface Machine {
  readonly kernels: Kernels;
  /** Reserves a 64-byte aligned place for these bytes, or for so many of 0xAA. */
  place(content: ArrayBufferView | number): Offset;
  /** A copy. */
  floats(offset: Offset, length: number): Float32Array;
  /** A copy. */
  bytes(offset: Offset, length: number): Uint8Array;
}

export async function compiled(variant: Variant): Promise<Machine> {
  const memory = new WebAssembly.Memory({ initial: 2 });
  return machine((await loadKernels(modules, memory, variant)).kernels, memory);
}

export function reference(options: ReferenceOptions): Machine {
  const memory = new WebAssembly.Memory({ initial: 2 });
  return machine(createReference(memory, options), memory);
}

function machine(kernels: Kernels, memory: WebAssembly.Memory): Machine {
  let end = KERNEL_BYTES;
  return {
    kernels,
    place(content) {
      const length = typeof content === "number" ? content : content.byteLength;
      const offset = end;
      end += Math.ceil(length / 64) * 64;
      const missing = end - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / 65_536));
      const target = new Uint8Array(memory.buffer, offset, length);
      if (typeof content === "number") target.fill(0xaa);
      else target.set(new Uint8Array(content.buffer, content.byteOffset, length));
      return offset;
    },
    floats: (offset, length) => new Float32Array(memory.buffer, offset, length).slice(),
    bytes: (offset, length) => new Uint8Array(memory.buffer, offset, length).slice(),
  };
}

/** The bits of floats, every NaN as the same one: its payload is not specified. */
export function bits(values: Float32Array): Uint32Array {
  return new Uint32Array(values.map((value) => (Number.isNaN(value) ? Number.NaN : value)).buffer);
}
