// The KV cache's pages in 8 bits: 32 positions of one head as int8, each position with a scale of its own.
// Takes k and v (T, KV, Dh) f32; gives bytes in pages, and a head's keys or values as f32 integers. Dh is a multiple of 32,
// at most 256. Must not know: scores, layers, who owns a page.
//
// A page of one layer, at kv + number * stride: KV heads of keys, then KV heads of values, 32 * (Dh + 4) bytes each: the
// same panels as in kv.ts (a key's lane is a position, a value's a dimension), but a lane's next four steps down the panel
// stand together, so that shifts alone widen them; then 32 scales f32, one a position.
//
//            keys: 2 panels                                      values: Dh/16 panels
//            ┌ position 0 … 15: 4 bytes each ┐┌ 16 … 31 ┐          ┌ dimension 0 … 15: 4 bytes each ┐┌ 16 … 31 ┐ …
//   dim 0-3  │ 64 bytes                      ││         │  pos 0-3 │ 64 bytes                       ││         │
//      …     │              …                ││    …    │     …    │               …                ││    …    │

import { PAGE, pageAt } from "./kv";
import { inverseOf, largestMagnitude, roundToInteger, scaleOf } from "./quantize";

/** Bytes of one head's keys, or values, in a page. */
@inline
export function headBytesQ8(Dh: u32): usize {
  return <usize>PAGE * (Dh + 4);
}

/** The scales of a head's 32 positions. */
@inline
export function scalesOf(head: usize, Dh: u32): usize {
  return head + <usize>PAGE * Dh;
}

/** One head of one position, as int8 in the order of its dimensions. */
const ROW = memory.data(256, 16);

export function kv_store_q8(
  kv: usize, stride: u32, pages: usize, position: u32, k: usize, v: usize, T: u32, KV: u32, Dh: u32,
): void {
  const headSize = headBytesQ8(Dh);
  for (let t: u32 = 0; t < T; t++) {
    const page = pageAt(kv, stride, pages, position + t);
    const slot: usize = (position + t) % PAGE;
    for (let h: u32 = 0; h < KV; h++) {
      const keys = page + headSize * h;
      const key = keys + (slot / 16) * Dh * 16 + (slot % 16) * 4;
      store<f32>(scalesOf(keys, Dh) + slot * 4, quantizeRow(k, Dh));
      for (let d: usize = 0; d < Dh; d += 4) store<u32>(key + d * 16, load<u32>(ROW + d));

      const values = page + headSize * (KV + h);
      const value = values + (slot / 4) * 64 + (slot % 4);
      store<f32>(scalesOf(values, Dh) + slot * 4, quantizeRow(v, Dh));
      for (let d: usize = 0; d < Dh; d++) {
        store<u8>(value + (d / 16) * (PAGE * 16) + (d % 16) * 4, load<u8>(ROW + d));
      }
      k += <usize>Dh * 4;
      v += <usize>Dh * 4;
    }
  }
}

/** ROW = x (Dh) as int8; gives their scale: the largest magnitude / 127, NaN if x has a NaN or an infinity. */
function quantizeRow(x: usize, Dh: u32): f32 {
  const max = largestMagnitude(x, Dh / 4);
  const inverse = inverseOf(max);
  const factor = f32x4.splat(inverse);
  for (let d: usize = 0; d < Dh; d += 16, x += 64) {
    const k0 = roundToInteger(f32x4.mul(v128.load(x), factor));
    const k4 = roundToInteger(f32x4.mul(v128.load(x, 16), factor));
    const k8 = roundToInteger(f32x4.mul(v128.load(x, 32), factor));
    const k12 = roundToInteger(f32x4.mul(v128.load(x, 48), factor));
    const bytes = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(k0, k4), i16x8.narrow_i32x4_s(k8, k12));
    v128.store(ROW + d, inverse == 0 ? i32x4.splat(0) : bytes);
  }
  return scaleOf(max);
}

/** out: one head's keys or values as f32, panels and lanes in order, not yet scaled (four times the bytes of `head`). */
@inline
export function widenQ8(out: usize, head: usize, Dh: u32): void {
  const end = scalesOf(head, Dh);
  for (; head < end; head += 64, out += 256) {
    for (let lanes: usize = 0; lanes < 64; lanes += 16) {
      const steps = v128.load(head + lanes);
      const to = out + lanes;
      v128.store(to, f32x4.convert_i32x4_s(i32x4.shr_s(i32x4.shl(steps, 24), 24)));
      v128.store(to, f32x4.convert_i32x4_s(i32x4.shr_s(i32x4.shl(steps, 16), 24)), 64);
      v128.store(to, f32x4.convert_i32x4_s(i32x4.shr_s(i32x4.shl(steps, 8), 24)), 128);
      v128.store(to, f32x4.convert_i32x4_s(i32x4.shr_s(steps, 24)), 192);
    }
  }
}
