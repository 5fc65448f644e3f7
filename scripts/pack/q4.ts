// q4: blocks of 32 integers of -8..7 and a bf16 scale, in one plane of nibbles (docs/format.md).
// Takes rows of f32, or the blocks of a Q4_0 tensor, whose integers are kept; gives the bytes of a packed matrix.
// The scale is searched: the one that minimises the squared error is rarely the one that just holds the largest weight.
// Must not know: files, tensors' names, other formats.

import { BLOCK } from "../../kernels/abi.ts";
import { q4 as layout } from "../../kernels/formats/q4.ts";
import { type Blocks, bf16, ROUND } from "./matrix.ts";

/**
 * What the largest weight is divided by to get a first scale. Negative: it becomes -8, the end of the range that has one
 * level more; a value beyond the range clips it, so that the others get finer steps.
 */
const DIVISORS = [-9.6, -9.2, -8.8, -8.4, -8, -7.7, -7.4, -7.1, -6.8, -6.4, -6, 7.8, 7.4, 7, 6.6, 6.2];

/** Branches, not Math.min: the loop below runs 16 times over every weight, and is twice as fast with them. */
function clamp(n: number): number {
  if (n < -8) return -8;
  if (n > 7) return 7;
  return n;
}

/** Sum of w * n and of n * n over a block, for the best integers n at 1 / scale = inverse. */
let wn = 0;
let nn = 0;
function project(w: Float32Array, at: number, inverse: number): void {
  let dot = 0;
  let square = 0;
  for (let i = at; i < at + BLOCK; i++) {
    const x = w[i]!;
    const n = clamp(x * inverse + ROUND - ROUND);
    dot += x * n;
    square += n * n;
  }
  wn = dot;
  nn = square;
}

/** The 32 integers of w[at..at+32], written to q; returns their scale, a bf16 of either sign. */
export function quantizeQ4(w: Float32Array, at: number, q: Int8Array): number {
  let largest = 0;
  for (let i = at; i < at + BLOCK; i++) if (Math.abs(w[i]!) > Math.abs(largest)) largest = w[i]!;
  let scale = 0;
  let gain = 0; // squared error saved against all zeros: 2 s (w.n) - s^2 (n.n)
  const consider = (first: number): void => {
    if (first === 0) return;
    project(w, at, 1 / first);
    if (nn === 0) return;
    const s = bf16(wn / nn); // least squares for these integers, then rounded: the gain is that of the stored scale
    const saved = s * (2 * wn - s * nn);
    if (saved > gain) {
      gain = saved;
      scale = s;
    }
  };
  for (const divisor of DIVISORS) consider(largest / divisor);
  // With the rounded scale other integers may be better, and with them another scale.
  for (let last = 0; scale !== last; ) {
    last = scale;
    consider(scale);
  }
  const inverse = scale === 0 ? 0 : 1 / scale;
  for (let i = 0; i < BLOCK; i++) {
    q[i] = clamp(w[at + i]! * inverse + ROUND - ROUND);
  }
  return scale;
}

export const q4: Blocks = {
  format: "q4",
  kept: "Q4_0",
  quantize: quantizeQ4,
  // ┌ d f16 ┬ 16 bytes: value j in the low nibble of byte j, value 16 + j in the high one ┐
  keep(stored, at, q) {
    for (let j = 0; j < 16; j++) {
      q[j] = (stored[at + 2 + j]! & 15) - 8;
      q[16 + j] = (stored[at + 2 + j]! >> 4) - 8;
    }
  },
  store: layout.write,
};
