// The head: logits from the rows of the table that this stage holds, reduced to candidates before they leave.
// Takes final hidden states in scratch memory and constraints; gives HeadResults. Logits are never kept: asking again
// computes them again, with the same bits.
// Must not know: the other stages' rows, sampling, sessions.

import { ADJUST_BYTES, BLOCK, BLOCK_BYTES, type Kernels, type Offset, ROW_GROUP, ROW_PAD } from "../../kernels/abi.ts";
import type { Range } from "../model/plan.ts";
import { type Adjustment, type Constraint, type Depth, type HeadResult, headRows } from "./frame.ts";
import { linear } from "./layer.ts";
import { ADJUST_BATCH, type HeadScratch, MAX_TOP, type Scratch } from "./scratch.ts";
import type { Matrix } from "./weights.ts";

/** Sees the logits of a row that asks for all tiles, before they are adjusted: those of table rows `first` on. */
export type OnLogits = (first: number, logits: Float32Array) => void;

export interface HeadWeights {
  /** The tied table or lm_head: this stage's rows. */
  readonly table: Matrix;
  /** Those rows in the whole table. */
  readonly rows: Range;
  /** model.norm.weight */
  readonly norm: Offset;
  /** Real tokens: rows from here on are padding. */
  readonly tokens: number;
  readonly eps: number;
}

/**
 * Results of `constraints.length` rows (at most scratch.batch) of hidden (rows, D), for this stage's rows of the table.
 * Rows that ask for one tile are answered one at a time, from that tile alone.
 */
export function runHead(
  kernels: Kernels,
  weights: HeadWeights,
  options: {
    memory: WebAssembly.Memory;
    hidden: Offset;
    constraints: readonly Constraint[];
    depth: Depth;
    head: HeadScratch;
    scratch: Scratch;
    onLogits?: OnLogits | undefined;
  },
): HeadResult[] {
  const { memory, hidden, constraints, depth, head, scratch, onLogits } = options;
  const D = weights.table.K;
  const results: HeadResult[] = new Array(constraints.length);
  kernels.rms_norm(scratch.h, hidden, weights.norm, constraints.length, D, weights.eps); // h (rows, D)

  const whole = constraints.flatMap((c, row) => (c.tile < 0 ? [row] : []));
  const view = new Float32Array(memory.buffer);
  whole.forEach((row, i) => {
    // Rows that want all tiles move to the front, so that one product serves them.
    view.copyWithin(head.hidden / 4 + i * D, scratch.h / 4 + row * D, scratch.h / 4 + (row + 1) * D);
  });
  const product = (first: number, end: number, T: number): { logits: Offset; stride: number; count: number } => {
    const table = tableRows(weights, first, end);
    kernels.quantize(scratch.h8, head.hidden, T, D); //              h8 (T, D)
    linear(kernels, head.logits, scratch.h8, table, T, scratch.panel); // logits (T, rows)
    return { logits: head.logits, stride: table.N * 4, count: Math.max(0, Math.min(end, weights.tokens) - first) };
  };
  if (whole.length > 0) {
    const [first, end] = weights.rows;
    const { logits, stride, count } = product(first, end, whole.length);
    whole.forEach((row, i) => {
      const at = { logits: logits + i * stride, first, count };
      onLogits?.(first, view.subarray(at.logits / 4, at.logits / 4 + count));
      results[row] = reduce(kernels, memory, constraints[row]!, at, depth.tileRows, head);
    });
  }
  constraints.forEach((constraint, row) => {
    if (constraint.tile < 0) return;
    const [tileFirst, tileEnd] = headRows(constraint, depth);
    const first = Math.max(tileFirst, weights.rows[0]);
    const end = Math.min(tileEnd, weights.rows[1]);
    if (first >= end) {
      results[row] = EMPTY;
      return;
    }
    view.copyWithin(head.hidden / 4, scratch.h / 4 + row * D, scratch.h / 4 + (row + 1) * D);
    const { logits, count } = product(first, end, 1);
    results[row] = reduce(kernels, memory, constraint, { logits, first, count }, depth.tileRows, head);
  });
  return results;
}

const EMPTY: HeadResult = {
  top: [],
  topRaw: [],
  wanted: [],
  rawSums: new Float32Array(0),
  adjustedSums: new Float32Array(0),
};

/** Rows [first, end) of the whole table as a matrix of their own; first lies on a tile's border. */
function tableRows(weights: HeadWeights, first: number, end: number): Matrix {
  const { table, rows } = weights;
  const groupBytes = (table.K / BLOCK) * BLOCK_BYTES[table.format];
  return {
    ...table,
    offset: table.offset + ((first - rows[0]) / ROW_GROUP) * groupBytes,
    N: Math.ceil((end - first) / ROW_PAD) * ROW_PAD,
  };
}

/** One row's logits to one HeadResult. The logits are adjusted in place. */
function reduce(
  kernels: Kernels,
  memory: WebAssembly.Memory,
  constraint: Constraint,
  at: { logits: Offset; first: number; count: number },
  tileRows: number,
  head: HeadScratch,
): HeadResult {
  const { logits, first, count } = at;
  const { adjustments, temperature } = constraint;
  const u32 = new Uint32Array(memory.buffer);
  const f32 = new Float32Array(memory.buffer);
  const pairs = (k: number) => {
    const found = kernels.top_k(head.candidates, logits, count, first, Math.min(k, MAX_TOP, count));
    const start = head.candidates / 4;
    return Array.from({ length: found }, (_, i) => ({ id: u32[start + 2 * i]!, logit: f32[start + 2 * i + 1]! }));
  };
  const sums = (scale: number) => {
    kernels.tile_sums(head.sums, logits, count, tileRows, scale);
    return f32.slice(head.sums / 4, head.sums / 4 + Math.ceil(count / tileRows) * 2);
  };
  const here = (id: number) => id >= first && id < first + count;

  const rawSums = constraint.rawSums ? sums(1) : EMPTY.rawSums;
  const topRaw = constraint.topRaw > 0 ? pairs(constraint.topRaw) : [];
  const wanted = constraint.wanted.filter(here).map((id) => ({ id, logit: f32[logits / 4 + id - first]! }));

  const rawAdjusted = adjust(kernels, memory, adjustments, at, head);

  const adjustedSums = constraint.adjustedSums && temperature > 0 ? sums(1 / temperature) : EMPTY.adjustedSums;
  const found = pairs(constraint.top);
  const raw = rawOf(found, adjustments, rawAdjusted);
  const top = found.map(({ id, logit }) => ({ id, logit: raw.get(id) ?? logit, adjusted: logit }));
  return { top, topRaw, wanted, rawSums, adjustedSums };
}

/** Changes a row's logits in place; gives the raw logits of all adjusted ids, in order. Ids of other rows leave theirs unset. */
function adjust(
  kernels: Kernels,
  memory: WebAssembly.Memory,
  adjustments: readonly Adjustment[],
  { logits, first, count }: { logits: Offset; first: number; count: number },
  head: HeadScratch,
): Float32Array {
  const u32 = new Uint32Array(memory.buffer);
  const f32 = new Float32Array(memory.buffer);
  const start = head.adjustments / 4;
  const words = ADJUST_BYTES / 4;
  const raw = new Float32Array(adjustments.reduce((sum, { ids }) => sum + ids.length, 0));
  let done = 0;
  for (const { ids, bias, repetition, subtract } of adjustments) {
    for (let from = 0; from < ids.length; from += ADJUST_BATCH) {
      const batch = Math.min(ADJUST_BATCH, ids.length - from);
      for (let i = 0; i < batch; i++) {
        const entry = start + i * words;
        u32[entry] = ids[from + i]!;
        f32[entry + 1] = bias;
        f32[entry + 2] = repetition;
        f32[entry + 3] = subtract;
      }
      kernels.adjust(logits, count, first, head.adjustments, batch);
      for (let i = 0; i < batch; i++) raw[done++] = f32[start + i * words + 4]!;
    }
  }
  return raw;
}

/**
 * The raw logits of those of `found` that were adjusted, by id. A long prompt adjusts thousands of logits: a Map of the few
 * that were found costs a fraction of a Map of all.
 */
function rawOf(
  found: readonly { readonly id: number }[],
  adjustments: readonly Adjustment[],
  raw: Float32Array,
): Map<number, number> {
  const chosen = new Set(found.map(({ id }) => id));
  const logits = new Map<number, number>();
  let done = 0;
  for (const { ids } of adjustments) {
    for (const id of ids) {
      if (chosen.has(id)) logits.set(id, raw[done]!);
      done++;
    }
  }
  return logits;
}
