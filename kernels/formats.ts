// The weight formats, smallest first. To add one: a file in formats/ and a name in FORMATS; types, the manifest's checks,
// options, kernels and their reference follow from the list. Imports nothing but formats/. Must not know: who uses them.

import { q4 } from "./formats/q4.ts";
import { q8 } from "./formats/q8.ts";

/**
 * How 32 columns of 4 rows are stored, a block (docs/format.md): planes of nibbles first, a bf16 scale for each row last.
 * A weight is its row's scale times an integer.
 */
export interface BlockFormat {
  readonly blockBytes: number;
  /** One: an integer is a nibble less 8. Two: it is 16 times that and a nibble of the second plane. */
  readonly planes: 1 | 2;
  /** The range of integers. */
  readonly smallest: number;
  readonly largest: number;
  /** The 32 integers of row 0..3 of the block that starts at byte `block`. */
  read(bytes: Uint8Array, block: number, row: number, integers: Int8Array): void;
  /** The other way. */
  write(bytes: Uint8Array, block: number, row: number, integers: Int8Array): void;
}

export const FORMATS = { q4, q8 };
export type WeightFormat = keyof typeof FORMATS;
export const WEIGHT_FORMATS = Object.keys(FORMATS) as readonly WeightFormat[];
