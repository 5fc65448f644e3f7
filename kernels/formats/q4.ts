// q4: integers of -8..7, each a nibble less 8, in one plane (docs/format.md). Must not know: scales, how integers are chosen.

import type { BlockFormat } from "../formats.ts";
import { readPlane, writePlane } from "./plane.ts";

const nibbles = new Int8Array(32);

export const q4: BlockFormat = {
  blockBytes: 72,
  planes: 1,
  smallest: -8,
  largest: 7,
  read(bytes, block, row, integers) {
    readPlane(bytes, block, row, integers);
    for (let k = 0; k < 32; k++) integers[k]! -= 8;
  },
  write(bytes, block, row, integers) {
    for (let k = 0; k < 32; k++) nibbles[k] = integers[k]! + 8;
    writePlane(bytes, block, row, nibbles);
  },
};
