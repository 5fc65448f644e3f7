// A stage's memory before there is any: where weights, KV pages and buffers begin, and how many bytes all of it takes.
// Takes a model's sizes, one stage of its plan and the limits; gives offsets, reserved in an arena that is not open yet.
// So a plan can be weighed against a budget without a weight at hand. Must not know: tensors, kernels, frames.

import type { KvFormat, Offset } from "../../kernels/abi.ts";
import type { Manifest, StageManifest } from "../model/manifest.ts";
import { Arena } from "./arena.ts";
import { reserveKeyCenters } from "./key-center.ts";
import { KvCache, PAGE } from "./kv-cache.ts";
import { type HeadScratch, reserveHead, reserveScratch, type Scratch } from "./scratch.ts";

export interface StageLimits {
  /** Rows of the largest frame. */
  readonly rows: number;
  /** Positions of the KV pool, all sessions together. */
  readonly kvPositions: number;
  /** How the pool stores keys and values; default bf16. */
  readonly kvFormat?: KvFormat | undefined;
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
  /** (layers, KV, Dh) f32, or 0: none. */
  readonly keyCenters: Offset;
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
  const format = limits.kvFormat ?? "bf16";
  const kv = new KvCache(arena, config, { layers, positions: limits.kvPositions, format });
  const keyCenters = reserveKeyCenters(arena, config, layers, format);
  // Every row may belong to a session of its own, each with a full table of pages: sessions share pages.
  const pageEntries = limits.rows * Math.ceil(limits.context / PAGE);
  const scratch = reserveScratch(arena, config, { rows: limits.rows, pageEntries });
  const batch = Math.min(HEAD_BATCH, limits.rows);
  const head = reserveHead(arena, config, { rows: plan.rows[1] - plan.rows[0], tileRows: tile_rows, batch });
  return { arena, weights, kv, keyCenters, scratch, head };
}
