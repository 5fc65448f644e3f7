// The KV cache's pages in bf16 (kv-q8.ts: in 8 bits): how 32 positions of one head lie in memory, and how they are written.
// Takes k and v (T, KV, Dh) f32; gives bf16 in pages, where an octet of lanes begins, and its lanes as f32. Dh is a multiple
// of 32.
// Must not know: scores, layers, who owns a page.
//
// A page of one layer, at kv + number * stride: for every KV head its keys and its values, 64 * Dh bytes each.
// A head is a row of panels of 16 lanes, so that one multiplication loop (panels.ts) serves both:
//
//            keys: 2 panels, a lane is a position              values: Dh/16 panels, a lane is a dimension
//          ┌ position 0 … 15 ┐┌ position 16 … 31 ┐             ┌ dimension 0 … 15 ┐┌ 16 … 31 ┐ …
//   dim 0  │ 32 bytes        ││                  │  position 0 │ 32 bytes         ││         │
//     …    │        …        ││         …        │      …      │        …         ││    …    │
//  Dh - 1  └─────────────────┘└──────────────────┘  position 31└──────────────────┘└─────────┘ …
//
// 16 lanes are two vectors of 8 bf16. In a vector, u32 number i holds lane i below and lane i + 4 above, so that a
// shift and a mask widen it:
//
//   byte  0   2   4   6   8  10  12  14
//       │ 0 │ 4 │ 1 │ 5 │ 2 │ 6 │ 3 │ 7 │ lane

/** Positions in a page. */
export const PAGE: u32 = 32;

/** Bytes of one head's keys, or values, in a page. */
@inline
export function headBytes(Dh: u32): usize {
  return <usize>Dh * PAGE * 2;
}

/** Where the page of `position` begins. */
@inline
export function pageAt(kv: usize, stride: u32, pages: usize, position: u32): usize {
  return kv + <usize>load<u32>(pages + <usize>(position / PAGE) * 4) * stride;
}

/** Four floats rounded to bf16, nearest even, in the upper halves; the lower halves are 0. A NaN stays one. */
@inline
function round(v: v128): v128 {
  const upper = i32x4.splat(0xffff0000);
  const tie = i32x4.add(i32x4.splat(0x7fff), v128.and(i32x4.shr_u(v, 16), i32x4.splat(1)));
  const nan = v128.or(v, i32x4.splat(0x00400000));
  return v128.and(v128.bitselect(i32x4.add(v, tie), nan, f32x4.eq(v, v)), upper);
}

export function kv_store_bf16(
  kv: usize, stride: u32, pages: usize, position: u32, k: usize, v: usize, T: u32, KV: u32, Dh: u32,
): void {
  for (let t: u32 = 0; t < T; t++) {
    const page = pageAt(kv, stride, pages, position + t);
    const slot: usize = (position + t) % PAGE;
    const lane = slot % 16;
    const column = (slot / 16) * Dh * 32 + (lane / 8) * 16 + (lane % 4) * 4 + ((lane / 4) % 2) * 2;
    for (let head: u32 = 0; head < KV; head++) {
      const keys = page + 2 * headBytes(Dh) * head;
      let key = keys + column;
      const value = keys + headBytes(Dh) + slot * 32;
      for (let d: usize = 0; d < Dh; d += 8) {
        for (let half: usize = 0; half < 32; half += 16) {
          const rounded = i32x4.shr_u(round(v128.load(k + half)), 16);
          v128.store_lane<u16>(key, rounded, 0);
          v128.store_lane<u16>(key, rounded, 2, 32);
          v128.store_lane<u16>(key, rounded, 4, 64);
          v128.store_lane<u16>(key, rounded, 6, 96);
          key += 128;
        }
        const lower = i32x4.shr_u(round(v128.load(v)), 16);
        v128.store(value + (d / 16) * (PAGE * 32) + (d % 16) * 2, v128.or(lower, round(v128.load(v, 16))));
        k += 32;
        v += 32;
      }
    }
  }
}

/** Where an octet, 8 lanes of a panel, begins in its head; panels are `height` steps high. */
@inline
export function octetAt(octet: usize, height: usize): usize {
  return (octet / 2) * height * 32 + (octet % 2) * 16;
}

/** The upper half of every u32. In memory, since V8 rebuilds a vector constant at every use. */
const UPPER = memory.data<u32>([0xffff0000]);

/** Of 8 bf16 lanes 0 to 3, as f32. */
@inline
export function lowLanes(eight: v128): v128 {
  return i32x4.shl(eight, 16);
}

/** Lanes 4 to 7. */
@inline
export function highLanes(eight: v128): v128 {
  return v128.and(eight, v128.load32_splat(UPPER));
}
