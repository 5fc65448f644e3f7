// A small matrix product over the head of a page, the inner loop of attention: scores and mixed values alike. With bf16 in
// f32, every sum with k in order; with 8 bits in integers, which are exact: so how rows and lanes are grouped changes no bit.
// The unrolled tiles are printed by ../generate/panels.ts. Must not know: positions, softmax.

import * as tiles from "../../build/generated/panels";

/** Bytes of a row's and head's state: attention's f32 m, s, c of the last page, and with 8 bits its w. */
export const STATE: usize = 16;

/**
 * out (rows, 8 * octets) = a (rows, K) · a head (K, 8 each), `height` steps high; K <= height. With `states` it is folded in:
 * out * c + it. Rows of out and a are `outPitch` and `aPitch` bytes apart.
 * Stored: u16 for bf16, and a is f32; or i8, and a is int16, K a multiple of 8. a is read up to the next 16 bytes.
 */
@inline
export function product<Stored>(
  out: usize, outPitch: usize, a: usize, aPitch: usize, head: usize, height: usize, octets: usize, K: usize,
  rows: u32, states: usize,
): void {
  while (rows > 0) {
    // Two and two rather than three and one: a tile of one row loads as much for less.
    const now = rows == 4 ? 2 : min(rows, 3);
    if (isSigned<Stored>()) {
      if (now == 3) tiles.q8_3(out, outPitch, a, aPitch, head, height, octets, K, states);
      else if (now == 2) tiles.q8_2(out, outPitch, a, aPitch, head, height, octets, K, states);
      else tiles.q8_1(out, outPitch, a, aPitch, head, height, octets, K, states);
    } else {
      if (now == 3) tiles.bf16_3(out, outPitch, a, aPitch, head, height, octets, K, states);
      else if (now == 2) tiles.bf16_2(out, outPitch, a, aPitch, head, height, octets, K, states);
      else tiles.bf16_1(out, outPitch, a, aPitch, head, height, octets, K, states);
    }
    rows -= now;
    out += outPitch * now;
    a += aPitch * now;
    if (states) states += STATE * now;
  }
}

/** 8 sums of floats to out. */
@inline
export function putFloats(out: usize, low: v128, high: v128, state: usize): void {
  if (state) fold(out, low, high, state);
  else put(out, low, high);
}

/** 8 sums of integers to out; when folded in, with their scale. */
@inline
export function putIntegers(out: usize, low: v128, high: v128, state: usize): void {
  low = f32x4.convert_i32x4_s(low);
  high = f32x4.convert_i32x4_s(high);
  if (state) {
    const scale = v128.load32_splat(state, 12);
    fold(out, f32x4.mul(low, scale), f32x4.mul(high, scale), state);
  } else put(out, low, high);
}

@inline
function fold(out: usize, low: v128, high: v128, state: usize): void {
  const c = v128.load32_splat(state, 8);
  put(out, f32x4.add(f32x4.mul(v128.load(out), c), low), f32x4.add(f32x4.mul(v128.load(out, 16), c), high));
}

@inline
function put(out: usize, low: v128, high: v128): void {
  v128.store(out, low);
  v128.store(out, high, 16);
}
