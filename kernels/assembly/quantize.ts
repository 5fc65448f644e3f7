// Activations as int8 with one scale per block of 32, in the tiles that matmul sweeps with (abi.ts has the bytes).
// Takes f32 rows. Must not know: where they come from, which matrix they meet.

import { ACTIVATION_BLOCK_BYTES, BLOCK, TILE } from "./layout";

/** Adding it to |v| < 2^22 in f32 leaves the integer, rounded half to even, in the low bits. */
const ROUND: f32 = 12582912;
const LARGEST: u32 = 0x7f7fffff;
const INFINITY: u32 = 0x7f800000;
const QUIET_NAN: u32 = 0x7fc00000;

/** Tokens in a tile. */
export function tile(): i32 {
  return TILE;
}

/** out = int8 blocks of x (T, K). */
export function quantize(out: usize, x: usize, T: i32, K: i32): void {
  const blocks = K / BLOCK;
  for (let t = 0; t < T; t++) {
    const lane = t % TILE;
    const n = min(TILE, T - (t - lane));
    const first = out + <usize>(t - lane) * blocks * ACTIVATION_BLOCK_BYTES;
    quantizeRow(first + 4 * lane, x, n, blocks);
    x += <usize>K * 4;
  }
}

/** One token of a tile of n; `out` is its start value in the tile's first block. */
function quantizeRow(out: usize, x: usize, n: i32, blocks: i32): void {
  const stride = <usize>n * 4;
  for (let b = 0; b < blocks; b++) {
    // Of floats without sign, the bits order like integers, infinity and then NaN last.
    const max = largestMagnitude(x);
    let scale: f32 = 0;
    let inverse: f32 = 0;
    if (max >= INFINITY) scale = reinterpret<f32>(QUIET_NAN);
    else if (max > 0) {
      scale = reinterpret<f32>(max) / 127;
      inverse = 127 / reinterpret<f32>(max);
      if (inverse > reinterpret<f32>(LARGEST)) inverse = reinterpret<f32>(LARGEST);
    }
    let sum: i32 = 0;
    for (let step: usize = 0; step < 8; step++) {
      const product = f32x4.mul(v128.load(x + step * 16), f32x4.splat(inverse));
      const integers = i32x4.sub(f32x4.add(product, f32x4.splat(ROUND)), f32x4.splat(ROUND));
      const halves = i16x8.narrow_i32x4_s(integers, integers);
      const bytes = i32x4.extract_lane(i8x16.narrow_i16x8_s(halves, halves), 0);
      store<i32>(out + (1 + step) * stride, max >= INFINITY ? 0 : bytes);
      sum += i32x4.extract_lane(integers, 0) + i32x4.extract_lane(integers, 1) + i32x4.extract_lane(integers, 2) + i32x4.extract_lane(integers, 3);
    }
    store<i32>(out, max >= INFINITY ? 0 : -8 * sum);
    store<f32>(out + 9 * stride, scale);
    out += <usize>ACTIVATION_BLOCK_BYTES * n;
    x += BLOCK * 4;
  }
}

/** Bits of the largest |x| of 32. */
@inline
function largestMagnitude(x: usize): u32 {
  let max = i32x4.splat(0);
  for (let i = 0; i < 8; i++) max = i32x4.max_s(max, f32x4.abs(v128.load(x + i * 16)));
  max = i32x4.max_s(max, v128.shuffle<i32>(max, max, 2, 3, 0, 1));
  max = i32x4.max_s(max, v128.shuffle<i32>(max, max, 1, 0, 3, 2));
  return i32x4.extract_lane(max, 0);
}
