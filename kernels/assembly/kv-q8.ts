// The KV cache's pages in 8 bits: 32 positions of one head as int8, each position with a scale of its own.
// Takes k and v (T, KV, Dh) f32; gives bytes in pages. Dh is a multiple of 32, at most 256. Must not know: scores, layers,
// who owns a page.
//
// A page of one layer, at kv + number * stride: for every KV head its keys and its values, 32 * (Dh + 4) bytes each:
// octets of 8 lanes (a key's lane is a position, a value's a dimension), some steps of a lane side by side, as a dot takes
// them: two dimensions of a key, for queries of 16 bits, four positions of a value, for weights of 7; then 32 scales f32, one
// a position.
//
//            keys: 4 octets                                     values: Dh/8 octets
//            ┌ position 0 … 7: 2 bytes each ┐┌ 8 … 15 ┐ …         ┌ dimension 0 … 7: 4 bytes each ┐┌ 8 … 15 ┐ …
//   dim 0, 1 │ 16 bytes                     ││        │  pos 0 … 3 │ 32 bytes                      ││        │
//      …     │              …               ││   …    │      …     │              …                ││   …    │

import { PAGE, pageAt } from "./kv";
import { quantize8 } from "./quantize";

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
      const keys = page + 2 * headSize * h;
      const key = keys + (slot / 8) * Dh * 8 + (slot % 8) * 2;
      store<f32>(scalesOf(keys, Dh) + slot * 4, quantize8(ROW, k, Dh));
      for (let d: usize = 0; d < Dh; d += 2) store<u16>(key + d * 8, load<u16>(ROW + d));

      const values = keys + headSize;
      const value = values + (slot / 4) * 32 + (slot % 4);
      store<f32>(scalesOf(values, Dh) + slot * 4, quantize8(ROW, v, Dh));
      for (let d: usize = 0; d < Dh; d++) store<u8>(value + (d / 8) * (PAGE * 8) + (d % 8) * 4, load<u8>(ROW + d));
      k += <usize>Dh * 4;
      v += <usize>Dh * 4;
    }
  }
}
