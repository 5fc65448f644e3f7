// q8: integers of -128..127, each 16 (h - 8) + l, in a plane of its h and one of its l (docs/format.md).
// Must not know: scales, how integers are chosen.

import type { BlockFormat } from "../formats.ts";
import { PLANE_BYTES, readPlane, writePlane } from "./plane.ts";

const high = new Int8Array(32);
const low = new Int8Array(32);

export const q8: BlockFormat = {
  blockBytes: 136,
  planes: 2,
  smallest: -128,
  largest: 127,
  read(bytes, block, row, integers) {
    readPlane(bytes, block, row, high);
    readPlane(bytes, block + PLANE_BYTES, row, low);
    for (let k = 0; k < 32; k++) integers[k] = 16 * (high[k]! - 8) + low[k]!;
  },
  write(bytes, block, row, integers) {
    for (let k = 0; k < 32; k++) {
      high[k] = (integers[k]! >> 4) + 8;
      low[k] = integers[k]! & 15;
    }
    writePlane(bytes, block, row, high);
    writePlane(bytes, block + PLANE_BYTES, row, low);
  },
};
