// The KV cache's pages in 8 bits: 32 positions of one head as int8, each position with a scale of its own.
// Takes k and v (T, KV, Dh) f32; gives bytes in pages. Dh is a multiple of 32, at most 256. Must not know: scores, layers,
// who owns a page.
//
// A page of one layer, at kv + number * stride: KV heads of keys, then KV heads of values, 32 * (Dh + 4) bytes each:
// octets of 8 lanes (a key's lane is a position, a value's a dimension), two steps of a lane side by side, as a dot of pairs
// takes them; then 32 scales f32, one a position.
//
//            keys: 4 octets                                 values: Dh/8 octets
//            ┌ position 0 … 7: 2 bytes each ┐┌ 8 … 15 ┐ …     ┌ dimension 0 … 7: 2 bytes each ┐┌ 8 … 15 ┐ …
//   dim 0, 1 │ 16 bytes                     ││        │  pos 0, 1 │ 16 bytes                  ││        │
//      …     │              …               ││   …    │     …    │              …             ││   …    │

import { PAGE, pageAt } from "./kv";
import { INT8, inverseOf, largestMagnitude, roundToInteger, scaleOf } from "./quantize";

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
      const key = keys + (slot / 8) * Dh * 8 + (slot % 8) * 2;
      store<f32>(scalesOf(keys, Dh) + slot * 4, quantizeRow(k, Dh));
      for (let d: usize = 0; d < Dh; d += 2) store<u16>(key + d * 8, load<u16>(ROW + d));

      const values = page + headSize * (KV + h);
      const value = values + (slot / 2) * 16 + (slot % 2);
      store<f32>(scalesOf(values, Dh) + slot * 4, quantizeRow(v, Dh));
      for (let d: usize = 0; d < Dh; d++) store<u8>(value + (d / 8) * (PAGE * 8) + (d % 8) * 2, load<u8>(ROW + d));
      k += <usize>Dh * 4;
      v += <usize>Dh * 4;
    }
  }
}

/** ROW = x (Dh) as int8; gives their scale: the largest magnitude / 127, NaN if x has a NaN or an infinity. */
function quantizeRow(x: usize, Dh: u32): f32 {
  const max = largestMagnitude(x, Dh / 4);
  const inverse = inverseOf(max, INT8);
  const factor = f32x4.splat(inverse);
  for (let d: usize = 0; d < Dh; d += 16, x += 64) {
    const k0 = roundToInteger(f32x4.mul(v128.load(x), factor));
    const k4 = roundToInteger(f32x4.mul(v128.load(x, 16), factor));
    const k8 = roundToInteger(f32x4.mul(v128.load(x, 32), factor));
    const k12 = roundToInteger(f32x4.mul(v128.load(x, 48), factor));
    const bytes = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(k0, k4), i16x8.narrow_i32x4_s(k8, k12));
    v128.store(ROW + d, inverse == 0 ? i32x4.splat(0) : bytes);
  }
  return scaleOf(max, INT8);
}
