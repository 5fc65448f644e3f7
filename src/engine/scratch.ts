// Scratch: the buffers that a stage reuses for every frame, sized once for its largest one.
// Takes the config and limits; gives offsets. Must not know: the order of their use (layer.ts, head.ts).

import {
  ADJUST_BYTES,
  activationBytes,
  attentionScratchBytes,
  matmulScratchBytes,
  type Offset,
  ROW_PAD,
} from "../../kernels/abi.ts";
import type { Qwen2Config } from "../model/qwen2.ts";
import type { Arena } from "./arena.ts";
import { angleSets, queryVersions } from "./rotation.ts";

export interface Scratch {
  /** (T, D): the residual stream */
  readonly x: Offset;
  /** (T, max(D, H·Dh)): what a branch computes */
  readonly h: Offset;
  /** (T, max(D, H·Dh, F)): quantized activations */
  readonly h8: Offset;
  /** (versions, T, H·Dh): one version, with chunks three */
  readonly q: Offset;
  /** Bytes from one version of q to the next */
  readonly qApart: number;
  /** (T, KV·Dh) */
  readonly k: Offset;
  /** (T, KV·Dh) */
  readonly v: Offset;
  /** (T, F) */
  readonly gate: Offset;
  /** (T, F) */
  readonly up: Offset;
  /** (sets, T, Dh): cosines and sines of the rows' positions; one set, with chunks four (rotation.ts) */
  readonly angles: Offset;
  /** (Dh / 2 + 1) */
  readonly frequencies: Offset;
  /** (sets, T) u32: positions, or table rows */
  readonly positions: Offset;
  /** Page numbers of all segments, u32 */
  readonly pageTable: Offset;
  /** How many of them there is room for */
  readonly pageEntries: number;
  /** An unpacked panel of a matrix */
  readonly panel: Offset;
  readonly attention: Offset;
}

/** Reserves the buffers for frames of at most `rows` rows, with at most `pageEntries` page numbers. */
export function reserveScratch(
  arena: Arena,
  config: Qwen2Config,
  options: { rows: number; pageEntries: number },
): Scratch {
  const { hidden_size: D, intermediate_size: F, head_dim: Dh } = config;
  const { num_attention_heads: H, num_key_value_heads: KV } = config;
  const T = options.rows;
  const f32 = (columns: number) => arena.reserve("scratch", T * columns * 4);
  const widest = Math.max(D, H * Dh, F);
  return {
    x: f32(D),
    h: f32(Math.max(D, H * Dh)),
    h8: arena.reserve("scratch", activationBytes(T, widest)),
    q: f32(H * Dh * queryVersions(config)),
    qApart: T * H * Dh * 4,
    k: f32(KV * Dh),
    v: f32(KV * Dh),
    gate: f32(F),
    up: f32(F),
    angles: f32(Dh * angleSets(config)),
    frequencies: arena.reserve("scratch", Dh * 2 + 4),
    positions: f32(angleSets(config)),
    pageTable: arena.reserve("scratch", options.pageEntries * 4),
    pageEntries: options.pageEntries,
    panel: arena.reserve("scratch", matmulScratchBytes(widest)),
    attention: arena.reserve("scratch", attentionScratchBytes(H, KV, Dh)),
  };
}

/** The head's buffers, in stages that hold rows of the table. */
export interface HeadScratch {
  /** Head rows computed at once. */
  readonly batch: number;
  /** (batch, D): final hidden states, gathered */
  readonly hidden: Offset;
  /** (batch, rows of the table, padded) */
  readonly logits: Offset;
  /** Pairs of u32 id and f32 logit */
  readonly candidates: Offset;
  /** Entries of `adjust` */
  readonly adjustments: Offset;
  /** Pairs of f32 maximum and sum, one a tile */
  readonly sums: Offset;
}

/** Most candidates that a row may ask for. */
export const MAX_TOP = 2_048;

/** Reserves the head's buffers for `rows` table rows; nothing when the stage holds none. */
export function reserveHead(
  arena: Arena,
  config: Qwen2Config,
  options: { rows: number; tileRows: number; batch: number },
): HeadScratch {
  const { rows, tileRows } = options;
  const batch = rows === 0 ? 0 : options.batch;
  const padded = Math.ceil(rows / ROW_PAD) * ROW_PAD;
  return {
    batch,
    hidden: arena.reserve("head", batch * config.hidden_size * 4),
    logits: arena.reserve("head", batch * padded * 4),
    candidates: arena.reserve("head", MAX_TOP * 8),
    adjustments: arena.reserve("head", ADJUST_BATCH * ADJUST_BYTES),
    sums: arena.reserve("head", Math.ceil(rows / tileRows) * 8),
  };
}

/** Adjustments handed to the kernel at once; a row may have any number of them. */
export const ADJUST_BATCH = 1_024;
