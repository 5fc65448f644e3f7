// q8: integers of -128..127, each 16 (h - 8) + l, in a plane of its h and one of its l (docs/format.md).
// Must not know: scales, how integers are chosen.

import type { BlockFormat } from "../formats.ts";

/** Bytes of the plane of h, which comes first. */
const PLANE = 64;

export const q8: BlockFormat = {
  blockBytes: 136,
  planes: 2,
  smallest: -128,
  largest: 127,
  read(bytes, block, row, integers) {
    for (let k = 0; k < 32; k += 8) {
      for (let j = 0; j < 4; j++) {
        const at = block + 2 * k + 4 * row + j;
        const [high, low] = [bytes[at]!, bytes[at + PLANE]!];
        integers[k + j] = (((high & 15) << 4) | (low & 15)) - 128;
        integers[k + 4 + j] = ((high & 0xf0) | (low >> 4)) - 128;
      }
    }
  },
  write(bytes, block, row, integers) {
    for (let k = 0; k < 32; k += 8) {
      for (let j = 0; j < 4; j++) {
        const at = block + 2 * k + 4 * row + j;
        const first = integers[k + j]! + 128;
        const second = integers[k + 4 + j]! + 128;
        bytes[at] = (first >> 4) | (second & 0xf0);
        bytes[at + PLANE] = (first & 15) | ((second & 15) << 4);
      }
    }
  },
};
