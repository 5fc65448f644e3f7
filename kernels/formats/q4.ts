// q4: integers of -8..7, each a nibble less 8, in one plane (docs/format.md). Must not know: scales, how integers are chosen.

import type { BlockFormat } from "../formats.ts";

export const q4: BlockFormat = {
  blockBytes: 72,
  planes: 1,
  smallest: -8,
  largest: 7,
  read(bytes, block, row, integers) {
    for (let k = 0; k < 32; k += 8) {
      for (let j = 0; j < 4; j++) {
        const pair = bytes[block + 2 * k + 4 * row + j]!;
        integers[k + j] = (pair & 15) - 8;
        integers[k + 4 + j] = (pair >> 4) - 8;
      }
    }
  },
  write(bytes, block, row, integers) {
    for (let k = 0; k < 32; k += 8) {
      for (let j = 0; j < 4; j++) {
        bytes[block + 2 * k + 4 * row + j] = (integers[k + j]! + 8) | ((integers[k + 4 + j]! + 8) << 4);
      }
    }
  },
};
