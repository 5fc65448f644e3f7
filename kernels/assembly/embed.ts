// Rows of a packed matrix as floats: the lookup of token embeddings. Few rows, so plain scalar code.
// Takes: a packed matrix (docs/format.md) and row numbers. Must not know: what a row means.

import { BLOCK } from "./layout";

/** out (T, K) f32 = rows of W, packed q4. */
export function embed_q4(out: usize, w: usize, rows: usize, T: i32, K: i32): void {
  embed(out, w, rows, T, K, 72);
}

/** out (T, K) f32 = rows of W, packed q8. */
export function embed_q8(out: usize, w: usize, rows: usize, T: i32, K: i32): void {
  embed(out, w, rows, T, K, 136);
}

function embed(out: usize, w: usize, rows: usize, T: i32, K: i32, blockBytes: i32): void {
  const blocks = K / BLOCK;
  for (let t = 0; t < T; t++) {
    const row = load<u32>(rows + 4 * t);
    const lane = row & 3;
    let block = w + <usize>(row >> 2) * blocks * blockBytes;
    for (let b = 0; b < blocks; b++) {
      const scale = reinterpret<f32>(<u32>load<u16>(block + blockBytes - 8 + 2 * lane) << 16);
      let codes = block + 4 * lane;
      for (let v = 0; v < 4; v++) {
        for (let j = 0; j < 4; j++) {
          const plane = <i32>load<u8>(codes + j);
          let low = (plane & 15) - 8;
          let high = (plane >> 4) - 8;
          if (blockBytes == 136) {
            const fine = <i32>load<u8>(codes + j, 64);
            low = 16 * low + (fine & 15);
            high = 16 * high + (fine >> 4);
          }
          store<f32>(out + 4 * j, <f32>low * scale);
          store<f32>(out + 4 * j, <f32>high * scale, 16);
        }
        codes += 16;
        out += 32;
      }
      block += blockBytes;
    }
  }
}
