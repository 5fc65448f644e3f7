// Merging: what the stages found in their rows of the table becomes one list of candidates.
// Takes HeadResults in the order of the rows; gives Candidates. Sums are folded tile by tile, in order, so the bits do
// not depend on where the table was cut. Must not know: stages, sessions, sampling.

import type { ScalarMath } from "../../kernels/abi.ts";
import type { Constraint, HeadResult } from "../engine/frame.ts";

/** Sum of exp((x - max) / temperature) over one tile of the table. */
export interface TileSum {
  readonly max: number;
  readonly sum: number;
}

/** What a sampler sees of one position. */
export interface Candidates {
  /** By adjusted logit, largest first, ties by lower id. `logit` is raw. */
  readonly top: readonly { readonly id: number; readonly logit: number; readonly adjusted: number }[];
  /** By raw logit, largest first, ties by lower id. */
  readonly topRaw: readonly { readonly id: number; readonly logit: number }[];
  /** The ids that the constraint wanted, with their raw logits, by id. */
  readonly wanted: readonly { readonly id: number; readonly logit: number }[];
  /** Natural log-sum-exp of all raw logits; NaN when not asked for. */
  readonly rawLogSum: number;
  /** Adjusted logits at the constraint's temperature, by tile; empty when not asked for. */
  readonly adjustedTiles: readonly TileSum[];
  /** Log-sum-exp of adjusted / temperature over all tiles; NaN when not asked for. */
  readonly adjustedLogSum: number;
}

/** One row's candidates from the parts that each stage gave, in the order of their rows. */
export function mergeResults(parts: readonly HeadResult[], constraint: Constraint, math: ScalarMath): Candidates {
  const largest = <C extends { id: number }>(items: C[], value: (c: C) => number, count: number) =>
    items.sort((a, b) => value(b) - value(a) || a.id - b.id).slice(0, count);
  const hasAdjusted = constraint.adjustedSums && constraint.temperature > 0;
  const adjustedTiles = hasAdjusted ? tiles(parts.map((part) => part.adjustedSums)) : [];
  return {
    top: largest(
      parts.flatMap((part) => part.top),
      (c) => c.adjusted,
      constraint.top,
    ),
    topRaw: largest(
      parts.flatMap((part) => part.topRaw),
      (c) => c.logit,
      constraint.topRaw,
    ),
    wanted: parts.flatMap((part) => part.wanted).sort((a, b) => a.id - b.id),
    rawLogSum: constraint.rawSums ? logSum(tiles(parts.map((part) => part.rawSums)), 1, math) : Number.NaN,
    adjustedTiles,
    adjustedLogSum: hasAdjusted ? logSum(adjustedTiles, constraint.temperature, math) : Number.NaN,
  };
}

function tiles(sums: readonly Float32Array[]): TileSum[] {
  return sums.flatMap((part) =>
    Array.from({ length: part.length / 2 }, (_, i) => ({ max: part[2 * i]!, sum: part[2 * i + 1]! })),
  );
}

/** log Σ exp(x / temperature), folded in tile order in double precision. */
function logSum(tiles: readonly TileSum[], temperature: number, math: ScalarMath): number {
  let max = Number.NEGATIVE_INFINITY;
  for (const tile of tiles) max = Math.max(max, tile.max);
  let sum = 0;
  for (const tile of tiles) if (tile.sum > 0) sum += tile.sum * math.exp((tile.max - max) / temperature);
  return max / temperature + math.log(sum);
}
