// A small matrix product over the head of a page, the inner loop of attention: scores and mixed values alike. With bf16 in
// f32, every sum with k in order; with 8 bits in integers, which are exact: so how rows and lanes are grouped changes no bit.
// The unrolled tiles are printed by ../generate/panels.ts. Must not know: positions, softmax.

import * as tiles from "../../build/generated/panels";

/** Bytes of a row's and head's state: attention's f32 m, s, c of the last page, and with 8 bits its w. */
export const STATE: usize = 16;

/**
 * out (rows, 8 * octets) = a (rows, K) · a head (K, 8 each), `height` steps high; K <= height. With `states` it is folded in:
 * out * c + it. Rows of out and a are `outPitch` and `aPitch` bytes apart.
 * Factor is what a holds: f32, and the head is bf16; i16, and it is int8 in pairs of steps, K a multiple of 8; i8 from 0 to
 * 127, and it is int8 in fours, K a multiple of 16.
 */
@inline
export function product<Factor>(
  out: usize, outPitch: usize, a: usize, aPitch: usize, head: usize, height: usize, octets: usize, K: usize,
  rows: u32, states: usize,
): void {
  while (rows > 0) {
    const now = min(rows, 4);
    if (isFloat<Factor>()) {
      if (now == 4) tiles.floats_4(out, outPitch, a, aPitch, head, height, octets, K, states);
      else if (now == 3) tiles.floats_3(out, outPitch, a, aPitch, head, height, octets, K, states);
      else if (now == 2) tiles.floats_2(out, outPitch, a, aPitch, head, height, octets, K, states);
      else tiles.floats_1(out, outPitch, a, aPitch, head, height, octets, K, states);
    } else if (sizeof<Factor>() == 2) {
      if (now == 4) tiles.pairs_4(out, outPitch, a, aPitch, head, height, octets, K, states);
      else if (now == 3) tiles.pairs_3(out, outPitch, a, aPitch, head, height, octets, K, states);
      else if (now == 2) tiles.pairs_2(out, outPitch, a, aPitch, head, height, octets, K, states);
      else tiles.pairs_1(out, outPitch, a, aPitch, head, height, octets, K, states);
    } else {
      if (now == 4) tiles.quads_4(out, outPitch, a, aPitch, head, height, octets, K, states);
      else if (now == 3) tiles.quads_3(out, outPitch, a, aPitch, head, height, octets, K, states);
      else if (now == 2) tiles.quads_2(out, outPitch, a, aPitch, head, height, octets, K, states);
      else tiles.quads_1(out, outPitch, a, aPitch, head, height, octets, K, states);
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
