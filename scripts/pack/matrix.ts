// The order of a packed matrix (docs/format.md): row groups of 4, blocks of 32 columns, scales at each block's end.
// Takes rows of f32 or stored blocks whose integers stay, and a block format; gives the bytes. Owns bf16 as well.
// Must not know: how a format chooses its integers, files, tensors' names.

import { BLOCK, BLOCK_BYTES, matrixBytes, ROW_GROUP, ROW_PAD, type WeightFormat } from "../../kernels/abi.ts";

/** A block format: how 32 weights become integers and a scale, and where the integers stand. One file a format. */
export interface Blocks {
  readonly format: WeightFormat;
  /** The storage type (ggml's name) whose integers are this format's: an f16 scale, then the integers. */
  readonly kept: string;
  /** Integers of w[at..at+32] into q; returns their scale, which is a bf16. */
  quantize(w: Float32Array, at: number, q: Int8Array): number;
  /** Integers of a stored block that starts at byte `at`, into q. */
  keep(stored: Uint8Array, at: number, q: Int8Array): void;
  /** Writes q of row 0..3 of a group into the planes of the block that starts at byte `block`; out is zero there. */
  store(out: Uint8Array, block: number, row: number, q: Int8Array): void;
}

/** Either f32 (n, K), or the bytes of stored blocks with their f16 scales already read: K / 32 a row. */
export type Rows = { readonly f32: Float32Array } | { readonly stored: Uint8Array; readonly scales: Float32Array };

/** Adding and subtracting 1.5 * 2^52 rounds a double to an integer, half to even: several times faster than Math.round. */
export const ROUND = 6_755_399_441_055_744;

const word = new Float32Array(1);
const bits = new Uint32Array(word.buffer);

/** The bf16 nearest to x (ties to even), as an f32. Finite x only; beyond bf16's range it is infinity. */
export function bf16(x: number): number {
  word[0] = x;
  bits[0] = (bits[0]! + 0x7fff + ((bits[0]! >>> 16) & 1)) & 0xffff0000;
  return word[0]!;
}

/** The next bf16 above a bf16 that is not negative. */
export function bf16Above(x: number): number {
  word[0] = x;
  bits[0] = (bits[0]! & 0xffff0000) + 0x10000;
  return word[0]!;
}

/**
 * The bytes of `count` rows of K columns, padded with zero rows to a multiple of 8. Row groups do not depend on one
 * another: packing a matrix by slabs of a multiple of 8 rows gives the same bytes.
 * @param onBadRow called (and expected to throw) when a row holds NaN or infinity
 */
export function packMatrix(
  blocks: Blocks,
  rows: Rows,
  size: { readonly count: number; readonly K: number; readonly onBadRow: (row: number) => never },
): Uint8Array {
  const { count, K } = size;
  if (K % BLOCK !== 0) throw new RangeError(`A packed matrix has a multiple of ${BLOCK} columns, not ${K}`);
  const blockBytes = BLOCK_BYTES[blocks.format];
  const perRow = K / BLOCK;
  const out = new Uint8Array(matrixBytes(blocks.format, count, K));
  const q = new Int8Array(BLOCK);
  const stored = "stored" in rows ? rows : null;
  const f32 = "f32" in rows ? rows.f32 : null;
  const storedBytes = stored ? stored.stored.length / (count * perRow) : 0;
  for (let row = 0; row < count; row++) {
    const group = Math.floor(row / ROW_GROUP) * perRow * blockBytes;
    if (!isFiniteRow(f32 ?? stored!.scales, row, f32 ? K : perRow)) size.onBadRow(row);
    for (let b = 0; b < perRow; b++) {
      const block = group + b * blockBytes;
      const index = row * perRow + b;
      let scale: number;
      if (f32) {
        scale = blocks.quantize(f32, index * BLOCK, q);
      } else {
        blocks.keep(stored!.stored, index * storedBytes, q);
        scale = bf16(stored!.scales[index]!);
      }
      blocks.store(out, block, row % ROW_GROUP, q);
      word[0] = scale;
      const at = block + blockBytes - 2 * ROW_GROUP + 2 * (row % ROW_GROUP);
      out[at] = bits[0]! >>> 16;
      out[at + 1] = bits[0]! >>> 24;
    }
  }
  padZeroRows(blocks, out, count, perRow);
  return out;
}

/** Zero rows hold the integer 0 with scale 0: in nibbles that is not a zero byte. */
function padZeroRows(blocks: Blocks, out: Uint8Array, count: number, perRow: number): void {
  const zeros = new Int8Array(BLOCK);
  const blockBytes = BLOCK_BYTES[blocks.format];
  for (let row = count; row % ROW_PAD !== 0; row++) {
    for (let b = 0; b < perRow; b++) {
      blocks.store(out, (Math.floor(row / ROW_GROUP) * perRow + b) * blockBytes, row % ROW_GROUP, zeros);
    }
  }
}

/** No NaN or infinity among row `row`'s `n` values: only those times 0 are not 0. */
function isFiniteRow(values: Float32Array, row: number, n: number): boolean {
  let sum = 0;
  for (let i = row * n; i < (row + 1) * n; i++) sum += values[i]! * 0;
  return sum === 0;
}
