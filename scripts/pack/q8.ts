// q8: blocks of 32 int8 and a bf16 scale, in two planes of nibbles (docs/format.md).
// Takes rows of f32, or the blocks of a Q8_0 tensor, whose integers are kept; gives the bytes of a packed matrix.
// Must not know: files, tensors' names, other formats.

import { BLOCK } from "../../kernels/abi.ts";
import { q8 as layout } from "../../kernels/formats/q8.ts";
import { type Blocks, bf16, bf16Above, ROUND } from "./matrix.ts";

/**
 * The 32 integers of w[at..at+32], written to q; returns their scale, a bf16. max / 127 rounded to bf16 may be up to
 * 1/512 too small: 127.25 still rounds to 127, so nothing leaves the range (a denormal scale is moved up until that holds).
 */
export function quantizeQ8(w: Float32Array, at: number, q: Int8Array): number {
  let max = 0;
  for (let i = at; i < at + BLOCK; i++) max = Math.max(max, Math.abs(w[i]!));
  let scale = bf16(max / 127);
  if (max > 0) while (max / scale >= 127.5) scale = bf16Above(scale);
  const inverse = scale === 0 ? 0 : 1 / scale;
  for (let i = 0; i < BLOCK; i++) q[i] = w[at + i]! * inverse + ROUND - ROUND;
  return scale;
}

export const q8: Blocks = {
  format: "q8",
  kept: "Q8_0",
  quantize: quantizeQ8,
  // ┌ d f16 ┬ 32 int8 ┐
  keep(stored, at, q) {
    for (let i = 0; i < BLOCK; i++) q[i] = stored[at + 2 + i]!;
  },
  store: layout.write,
};
