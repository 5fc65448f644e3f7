// One table or two? The official 0.5B and 1.5B GGUF files hold the tied table twice, quantized differently; the 7B's
// head is a table of its own. Takes a source with both; gives the verdict with its numbers.
// Must not know: packed formats, file formats.

import { EMBED, HEAD } from "../../src/model/qwen2.ts";
import { columns, readRows, type Source, type StoredTensor } from "./source.ts";

export interface Tie {
  /** The one tensor that stands for both; null: they are two. */
  readonly table: StoredTensor | null;
  /** What was found, one line; null: there was nothing to compare. */
  readonly note: string | null;
}

/** Weights compared at once. */
const SLAB = 2 ** 20;
/**
 * Rows of one table, rounded twice, keep a cosine above 0.99 even at 4 bits (measured: 0.998 at worst between Q5_0 and
 * Q8_0); rows of a head trained apart point elsewhere.
 */
const MIN_ROW_COSINE = 0.9;
/** The types' noise holds for normally distributed weights; real tables were measured at 1.0 to 1.1 times that. */
const NOISE_MARGIN = 1.5;

/**
 * Compares the head with the table, row by row, and decides whether rounding explains the difference: every row's
 * cosine is high, and the relative norm of the difference is what the two types' rounding makes. Two exact copies
 * (F32, F16, BF16) must therefore be equal, up to their last bits, to count as one.
 */
export function findTie(source: Source): Tie {
  const table = source.tensors.get(EMBED);
  const head = source.tensors.get(HEAD);
  if (!table || !head || source.config.tie_word_embeddings) return { table: table ?? null, note: null };
  const rows = table.shape[0]!;
  const K = columns(table);
  const slab = Math.max(1, Math.floor(SLAB / K));
  let difference = 0;
  let energy = 0;
  let cosine = 1;
  for (let first = 0; first < rows && cosine >= MIN_ROW_COSINE; first += slab) {
    const count = Math.min(slab, rows - first);
    const a = readRows(table, first, count);
    const b = readRows(head, first, count);
    for (let row = 0; row < count; row++) {
      let aa = 0;
      let ab = 0;
      let bb = 0;
      for (let i = row * K; i < (row + 1) * K; i++) {
        aa += a[i]! * a[i]!;
        ab += a[i]! * b[i]!;
        bb += b[i]! * b[i]!;
      }
      difference += aa - 2 * ab + bb;
      energy += Math.max(aa, bb);
      // Padding rows may be zero in both copies: they have no direction.
      if (aa > 0 || bb > 0) cosine = Math.min(cosine, aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : 0);
    }
  }
  const relative = energy > 0 ? Math.sqrt(Math.max(0, difference) / energy) : 0;
  const allowed = NOISE_MARGIN * Math.hypot(table.type.noise, head.type.noise);
  const percent = (x: number) => `${(100 * x).toPrecision(2)} %`;
  const types = `${EMBED} (${table.type.name}) and ${HEAD} (${head.type.name})`;
  if (!(cosine >= MIN_ROW_COSINE)) {
    return { table: null, note: `${types} are two tables: a row's cosine is ${cosine.toFixed(3)}` };
  }
  if (!(relative <= allowed)) {
    const found = `they differ by ${percent(relative)}, rounding explains ${percent(allowed)}`;
    return { table: null, note: `${types} are two tables: ${found}` };
  }
  const finer = head.type.noise < table.type.noise ? head : table;
  const found = `all ${rows} rows agree (cosine ${cosine.toFixed(4)} or more, difference ${percent(relative)})`;
  return { table: finer, note: `${types} are one table: ${found}; kept once, from ${finer.type.name}` };
}
