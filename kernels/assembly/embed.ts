// Rows of a packed matrix as floats: the lookup of token embeddings. Few rows, so plain scalar code.
// Takes: a packed matrix (docs/format.md) and row numbers. Must not know: what a row means.

import { BLOCK, PLANE_BYTES, SCALES_BYTES } from "./layout";
import * as formats from "../../build/generated/formats";

/** Bytes of a block with a second plane: the low nibbles of its integers. */
const TWO_PLANES_BYTES = 2 * PLANE_BYTES + SCALES_BYTES;

/** out (T, K) f32 = rows of W, packed in FORMAT. */
export function embed_FORMAT(out: usize, w: usize, rows: usize, T: i32, K: i32): void {
  embed(out, w, rows, T, K, formats.blockBytes_FORMAT);
}

function embed(out: usize, w: usize, rows: usize, T: i32, K: i32, blockBytes: i32): void {
  const blocks = K / BLOCK;
  for (let t = 0; t < T; t++) {
    const row = load<u32>(rows + 4 * t);
    const r = row & 3;
    let block = w + (row >> 2) * blocks * blockBytes;
    for (let b = 0; b < blocks; b++) {
      const scale = reinterpret<f32>(<u32>load<u16>(block + blockBytes - SCALES_BYTES + 2 * r) << 16);
      for (let v = 0; v < 4; v++) {
        for (let j = 0; j < 4; j++) {
          const at = block + 16 * v + 4 * r + j;
          const nibbles = <i32>load<u8>(at);
          let even = (nibbles & 15) - 8;
          let odd = (nibbles >> 4) - 8;
          if (blockBytes == TWO_PLANES_BYTES) {
            const fine = <i32>load<u8>(at + PLANE_BYTES);
            even = 16 * even + (fine & 15);
            odd = 16 * odd + (fine >> 4);
          }
          store<f32>(out + 4 * j, <f32>even * scale);
          store<f32>(out + 4 * j, <f32>odd * scale, 16);
        }
        out += 32;
      }
      block += blockBytes;
    }
  }
}
