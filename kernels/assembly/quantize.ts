// Activations as int8 with one scale for each block of 32, in the tiles that matmul reads (abi.ts has the bytes).
// Takes f32 rows. Must not know: where they come from, which matrix they meet.

import { ACTIVATION_BLOCK_BYTES, BLOCK, TILE } from "./layout";

/** Added to |v| < 2^22 in f32 it leaves the integer, rounded half to even, in the low bits. */
const ROUND: f32 = 12582912;
const LARGEST: f32 = 3.4028234663852886e38;
/** Of floats without sign the bits order like integers: the finite ones, infinity, NaN. */
const INFINITY_BITS: u32 = 0x7f800000;
const NAN_BITS: u32 = 0x7fc00000;

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
    const tile = out + <usize>((t - lane) * blocks * ACTIVATION_BLOCK_BYTES);
    quantizeRow(tile + 4 * lane, x, n, blocks);
    x += K * 4;
  }
}

/** One token in a tile of n; `out` is the place of its first start value. Its pieces lie 4 n bytes apart. */
function quantizeRow(out: usize, x: usize, n: i32, blocks: i32): void {
  const apart = <usize>(4 * n);
  for (let b = 0; b < blocks; b++) {
    const max = largestMagnitude(x, BLOCK / 4);
    const scale = scaleOf(max, INT8);
    const finite = i32x4.splat(max < INFINITY_BITS ? -1 : 0);
    const factor = f32x4.splat(inverseOf(max, INT8));
    let sums = i32x4.splat(0);
    let steps = out + apart;
    for (let half = 0; half < 2; half++) {
      const k0 = v128.and(roundToInteger(f32x4.mul(v128.load(x), factor)), finite);
      const k4 = v128.and(roundToInteger(f32x4.mul(v128.load(x, 16), factor)), finite);
      const k8 = v128.and(roundToInteger(f32x4.mul(v128.load(x, 32), factor)), finite);
      const k12 = v128.and(roundToInteger(f32x4.mul(v128.load(x, 48), factor)), finite);
      sums = i32x4.add(sums, i32x4.add(i32x4.add(k0, k4), i32x4.add(k8, k12)));
      const bytes = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(k0, k4), i16x8.narrow_i32x4_s(k8, k12));
      v128.store_lane<u32>(steps, bytes, 0);
      v128.store_lane<u32>(steps + apart, bytes, 1);
      v128.store_lane<u32>(steps + 2 * apart, bytes, 2);
      v128.store_lane<u32>(steps + 3 * apart, bytes, 3);
      steps += 4 * apart;
      x += 64;
    }
    sums = i32x4.add(sums, v128.shuffle<i32>(sums, sums, 2, 3, 0, 1));
    store<i32>(out, -8 * (i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1)));
    store<f32>(steps, scale);
    out += <usize>(ACTIVATION_BLOCK_BYTES * n);
  }
}

/** The largest int8 and int16 that floats become. */
export const INT8: f32 = 127;
export const INT16: f32 = 32767;

/** What integers of at most `top` are to be multiplied with, by the bits of the largest magnitude. */
@inline
export function scaleOf(max: u32, top: f32): f32 {
  // Zeros with scale NaN: what reads them is NaN, never a plausible number.
  return max < INFINITY_BITS ? reinterpret<f32>(max) / top : reinterpret<f32>(NAN_BITS);
}

/** What the floats are to be multiplied with; 0 where all integers are to be 0. */
@inline
export function inverseOf(max: u32, top: f32): f32 {
  return max == 0 || max >= INFINITY_BITS ? 0 : min<f32>(top / reinterpret<f32>(max), LARGEST);
}

/** out = x (n) as int16; gives their scale, NaN if x has a NaN or an infinity. n is a multiple of 8. */
export function quantize16(out: usize, x: usize, n: u32): f32 {
  const max = largestMagnitude(x, n / 4);
  const inverse = inverseOf(max, INT16);
  const factor = f32x4.splat(inverse);
  const finite = i32x4.splat(max < INFINITY_BITS ? -1 : 0);
  for (const end = out + <usize>n * 2; out < end; out += 16, x += 32) {
    const k0 = roundToInteger(f32x4.mul(v128.load(x), factor));
    const k4 = roundToInteger(f32x4.mul(v128.load(x, 16), factor));
    v128.store(out, v128.and(i16x8.narrow_i32x4_s(k0, k4), finite));
  }
  return scaleOf(max, INT16);
}

/** out = x (n) as int8; the same otherwise. n is a multiple of 16. */
export function quantize8(out: usize, x: usize, n: u32): f32 {
  const max = largestMagnitude(x, n / 4);
  const factor = f32x4.splat(inverseOf(max, INT8));
  const finite = i32x4.splat(max < INFINITY_BITS ? -1 : 0);
  for (const end = out + n; out < end; out += 16, x += 64) v128.store(out, v128.and(int8x16(x, factor), finite));
  return scaleOf(max, INT8);
}

/** 16 floats times a factor, as int8. */
@inline
function int8x16(x: usize, factor: v128): v128 {
  const k0 = roundToInteger(f32x4.mul(v128.load(x), factor));
  const k4 = roundToInteger(f32x4.mul(v128.load(x, 16), factor));
  const k8 = roundToInteger(f32x4.mul(v128.load(x, 32), factor));
  const k12 = roundToInteger(f32x4.mul(v128.load(x, 48), factor));
  return i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(k0, k4), i16x8.narrow_i32x4_s(k8, k12));
}

/** Four floats of at most 2^22 as i32, rounded half to even. */
@inline
export function roundToInteger(v: v128): v128 {
  return i32x4.sub(f32x4.add(v, f32x4.splat(ROUND)), f32x4.splat(ROUND));
}

/** Bits of the largest |x| of so many vectors of 4. */
@inline
export function largestMagnitude(x: usize, vectors: usize): u32 {
  let max = i32x4.splat(0);
  for (let i: usize = 0; i < vectors; i++) max = i32x4.max_s(max, f32x4.abs(v128.load(x + 16 * i)));
  max = i32x4.max_s(max, v128.shuffle<i32>(max, max, 2, 3, 0, 1));
  return <u32>i32x4.extract_lane(i32x4.max_s(max, v128.shuffle<i32>(max, max, 1, 0, 3, 2)), 0);
}
