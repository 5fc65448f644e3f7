// A stage's memory before there is any: where weights, KV pages and buffers begin, and how many bytes all of it takes.
// Takes a model's sizes, one stage of its plan and the limits; gives offsets, reserved in an arena that is not open yet.
// So a plan can be weighed against a budget without a weight at hand. Must not know: tensors, kernels, frames.

import type { Offset } from "../../kernels/abi.ts";
import type { Manifest, StageManifest } from "../model/manifest.ts";
import { Arena } from "./arena.ts";
import { KvCache } from "./kv-cache.ts";
import { type HeadScratch, reserveHead, reserveScratch, type Scratch } from "./scratch.ts";

export interface StageLimits {
  /** Rows of the largest frame. */
  readonly rows: number;
  /** Positions of the KV pool, all sessions together. */
  readonly kvPositions: number;
  /** Positions of one session at most. */
  readonly context: number;
  /** Bytes that the stage may take in all. */
  readonly budgetBytes: number;
}

export interface StageLayout {
  /** `bytes` is what the stage takes in all; `open` gives the memory. */
  readonly arena: Arena;
  /** The first byte of the weights. */
  readonly weights: Offset;
  readonly kv: KvCache;
  readonly scratch: Scratch;
  readonly head: HeadScratch;
}

/** Head rows whose logits are in memory at once. */
const HEAD_BATCH = 8;

/** Lays out the memory of the stage that `plan` describes. */
export function layoutStage(
  { config, tile_rows }: Pick<Manifest, "config" | "tile_rows">,
  plan: Pick<StageManifest, "layers" | "rows" | "bytes">,
  limits: Omit<StageLimits, "budgetBytes">,
): StageLayout {
  const arena = new Arena();
  const weights = arena.reserve("weights", plan.bytes);
  const layers = plan.layers[1] - plan.layers[0];
  const kv = new KvCache(arena, config, { layers, positions: limits.kvPositions });
  // Every row may belong to a session of its own, each with a full table of pages; but pages are shared out only once.
  const pageEntries = kv.pages + limits.rows;
  const scratch = reserveScratch(arena, config, { rows: limits.rows, pageEntries });
  const batch = Math.min(HEAD_BATCH, limits.rows);
  const head = reserveHead(arena, config, { rows: plan.rows[1] - plan.rows[0], tileRows: tile_rows, batch });
  return { arena, weights, kv, scratch, head };
}
