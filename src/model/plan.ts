// The plan: which layers and which rows of the table each stage holds. Pure; sizes in bytes come from the caller.
// Takes a config and a number of stages; gives one StagePlan a stage. Must not know: files, memory, formats' bytes.

import type { Qwen2Config } from "./qwen2.ts";

/** A half-open range [first, end). Empty when first === end. */
export type Range = readonly [first: number, end: number];

export interface StagePlan {
  /** Layers, in order over the stages. */
  readonly layers: Range;
  /** Rows of the table: looked up from it, and logits computed with it. Cut at multiples of the tile. */
  readonly rows: Range;
}

/** Rows of the table in one tile of the log-sum-exp: sums are folded by tile, so a cut must not split one. */
export const TILE_ROWS = 2_048;
/** Packed rows come in groups, so a tile, whose first row is an offset, is a multiple of this. */
export const TILE_UNIT = 8;

/** Whether a table may be cut into tiles of so many rows. */
export function isTileSize(rows: number): boolean {
  return Number.isInteger(rows) && rows >= TILE_UNIT && rows <= TILE_ROWS && rows % TILE_UNIT === 0;
}

/** Weights of a layer and of one row of the table, in bytes, as the format stores them. */
export interface Weights {
  readonly layerBytes: number;
  readonly tileBytes: number;
}

/**
 * Cuts layers, then tiles of the table, into `stages` runs of nearly equal bytes: stage i takes units until it has
 * i + 1 shares of the whole. Every stage gets at least one unit.
 * @throws {RangeError} when there are more stages than units, or tiles of a size that cannot be
 */
export function planStages(
  config: Qwen2Config,
  stages: number,
  weights: Weights,
  tileRows: number = TILE_ROWS,
): readonly StagePlan[] {
  if (!isTileSize(tileRows)) {
    throw new RangeError(`A tile has ${tileRows} rows; expected a multiple of ${TILE_UNIT}, at most ${TILE_ROWS}`);
  }
  const layers = config.num_hidden_layers;
  const tiles = Math.ceil(config.vocab_size / tileRows);
  const units = layers + tiles;
  if (!Number.isInteger(stages) || stages < 1 || stages > units) {
    throw new RangeError(`Cannot cut ${layers} layers and ${tiles} tiles of the table into ${stages} stages`);
  }
  const total = layers * weights.layerBytes + tiles * weights.tileBytes;
  const plans: StagePlan[] = [];
  let unit = 0;
  let bytes = 0;
  for (let stage = 0; stage < stages; stage++) {
    const first = unit;
    const share = (total * (stage + 1)) / stages;
    const last = units - (stages - 1 - stage); // leave one unit for each stage to come
    while (unit < last) {
      const next = unit < layers ? weights.layerBytes : weights.tileBytes;
      if (unit > first && stage < stages - 1 && bytes + next / 2 > share) break;
      bytes += next;
      unit++;
    }
    const rows = (u: number) => Math.min(Math.max(0, u - layers) * tileRows, config.vocab_size);
    plans.push({
      layers: [Math.min(first, layers), Math.min(unit, layers)],
      rows: [rows(first), rows(unit)],
    });
  }
  return plans;
}
