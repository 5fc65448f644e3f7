// Rows of a packed matrix as floats: the lookup of token embeddings. Few rows, so plain scalar code.
// Takes: a packed matrix (docs/format.md) and row numbers. Must not know: what a row means.

import { BLOCK, PLANE_BYTES, Q4_BLOCK_BYTES, Q8_BLOCK_BYTES } from "./layout";

/** out (T, K) f32 = rows of W, packed q4. */
export function embed_q4(out: usize, w: usize, rows: usize, T: i32, K: i32): void {
  embed(out, w, rows, T, K, Q4_BLOCK_BYTES);
}

/** out (T, K) f32 = rows of W, packed q8. */
export function embed_q8(out: usize, w: usize, rows: usize, T: i32, K: i32): void {
  embed(out, w, rows, T, K, Q8_BLOCK_BYTES);
}

function embed(out: usize, w: usize, rows: usize, T: i32, K: i32, blockBytes: i32): void {
  const blocks = K / BLOCK;
  for (let t = 0; t < T; t++) {
    const row = load<u32>(rows + 4 * t);
    const r = row & 3;
    let block = w + (row >> 2) * blocks * blockBytes;
    for (let b = 0; b < blocks; b++) {
      const scale = reinterpret<f32>(<u32>load<u16>(block + blockBytes - 8 + 2 * r) << 16);
      for (let v = 0; v < 4; v++) {
        for (let j = 0; j < 4; j++) {
          const at = block + 16 * v + 4 * r + j;
          const nibbles = <i32>load<u8>(at);
          let even = (nibbles & 15) - 8;
          let odd = (nibbles >> 4) - 8;
          if (blockBytes == Q8_BLOCK_BYTES) {
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
