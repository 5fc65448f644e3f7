// One draw: which token does a number u in [0, 1) mean, given the candidates of a position.
// Order as vLLM's: temperature, min_p, top_k, top_p, draw. The distribution is exact while what is kept fits 2,048
// candidates; min_p and top_p sets that are larger are cut there. All in double precision, added in one fixed order, with the
// kernels' exp: the same id on every engine. Must not know: seeds, penalties, tokens' meaning.

import type { ScalarMath } from "../../kernels/abi.ts";
import type { Candidates } from "../chain/merge.ts";

/** The most candidates that can be asked for. */
export const MAX_TOP = 2048;
/** Asked for first where the set's size is not known. Asking again costs a pass over the table, a candidate 12 bytes. */
const FIRST_TOP = 256;

export interface DrawParams {
  /** Above 0. */
  readonly temperature: number;
  /** 0: all. */
  readonly topK: number;
  /** 1: all. */
  readonly topP: number;
  /** Of the largest probability; 0: all. */
  readonly minP: number;
}

/** Whether a draw needs the mass of all logits: the top alone tells what top_k and min_p keep. */
export function needsAll({ topK, minP }: DrawParams): boolean {
  return topK === 0 && minP === 0;
}

/** How many candidates a first draw needs. */
export function firstTop({ topK }: DrawParams): number {
  return topK > 0 ? Math.min(topK, MAX_TOP) : FIRST_TOP;
}

export interface DrawContext {
  readonly math: ScalarMath;
  /** Rows of the table in one tile: candidate `id` belongs to tile floor(id / tileRows). */
  readonly tileRows: number;
  /** The same position once more: a larger top, or all logits of one tile. */
  readonly again: (change: { readonly top: number } | { readonly tile: number }) => Promise<Candidates>;
}

export type Candidate = Candidates["top"][number];

/** The candidate that u stands for. */
export async function draw(
  candidates: Candidates,
  params: DrawParams,
  u: number,
  context: DrawContext,
): Promise<Candidate> {
  const { temperature, topK, topP, minP } = params;
  const best = candidates.top[0]!.adjusted;
  /** Relative to the best candidate, whose weight is 1. */
  const weight = ({ adjusted }: Candidate) => context.math.exp((adjusted - best) / temperature);

  let asked = firstTop(params);
  let { top } = candidates;
  for (;;) {
    const isAll = top.length < asked;
    const weights = top.map(weight);

    // min_p and top_k: the first `kept` candidates, or (not isKnown) more than there are here.
    const belowMinP = weights.findIndex((w) => w < minP);
    const limit = topK > 0 ? topK : Number.POSITIVE_INFINITY;
    const kept = Math.min(belowMinP < 0 ? top.length : belowMinP, limit);
    const isKnown = isAll || kept < top.length || kept === limit;
    const isFiltered = !needsAll(params);
    const total = isFiltered ? sum(weights, kept) : context.math.exp(candidates.adjustedLogSum - best / temperature);

    if (isKnown || !isFiltered || asked >= MAX_TOP) {
      if (topP >= 1) {
        if (isFiltered || isAll) return pick(top, weights, kept, u);
        return drawFromAll(candidates, weights, total, u, params, context);
      }
      const nucleus = nucleusSize(weights, kept, topP * total);
      if (nucleus <= kept) return pick(top, weights, nucleus, u);
      if (isKnown || asked >= MAX_TOP) return pick(top, weights, kept, u);
    }
    asked = Math.min(asked * 4, MAX_TOP);
    ({ top } = await context.again({ top: asked }));
  }
}

/** How many of the first candidates hold `mass`; more than `kept` when all of them hold less. */
function nucleusSize(weights: readonly number[], kept: number, mass: number): number {
  let held = 0;
  for (let i = 0; i < kept; i++) {
    held += weights[i]!;
    if (held >= mass) return i + 1;
  }
  return kept + 1;
}

/** The candidate among the first `count` in which u times their mass falls. */
function pick(top: readonly Candidate[], weights: readonly number[], count: number, u: number): Candidate {
  const target = u * sum(weights, count);
  let held = 0;
  for (let i = 0; i < count - 1; i++) {
    held += weights[i]!;
    if (target < held) return top[i]!;
  }
  return top[count - 1]!;
}

/**
 * A draw from the whole table: first the candidates, then, when u falls beyond them, a tile by what it holds beside
 * its candidates, then that tile's other logits in the order of their ids.
 */
async function drawFromAll(
  { top, adjustedTiles }: Candidates,
  weights: readonly number[],
  total: number,
  u: number,
  { temperature }: DrawParams,
  { math, tileRows, again }: DrawContext,
): Promise<Candidate> {
  const best = top[0]!.adjusted;
  const target = u * total;
  const held = sum(weights, top.length);
  if (target < held) return pick(top, weights, top.length, target / held);

  const rest = adjustedTiles.map(({ max, sum }) => (sum > 0 ? sum * math.exp((max - best) / temperature) : 0));
  for (const [i, { id }] of top.entries()) rest[Math.floor(id / tileRows)]! -= weights[i]!;
  // Single-precision sums minus candidates may fall a hair below 0.
  const tails = rest.map((mass) => Math.max(0, mass));
  // Where u lies within what the candidates leave.
  const tile = locate(tails, Math.min((target - held) / (total - held), 1 - 2 ** -53));
  // Only rounding can lead to a tail that holds nothing: the least of the candidates stands for it.
  const least = top.at(-1)!;
  if (tile === null) return least;

  const inTop = new Set(top.map(({ id }) => id));
  const others = (await again({ tile: tile.index })).top.filter(({ id }) => !inTop.has(id));
  others.sort((a, b) => a.id - b.id);
  const masses = others.map(({ adjusted }) => math.exp((adjusted - best) / temperature));
  const chosen = locate(masses, tile.fraction);
  return chosen === null ? least : others[chosen.index]!;
}

/** In which of `masses` u times their sum falls, and where in it, 0..1; null: all are 0. */
function locate(masses: readonly number[], u: number): { index: number; fraction: number } | null {
  const target = u * sum(masses, masses.length);
  let held = 0;
  let last: number | null = null;
  for (const [index, mass] of masses.entries()) {
    if (mass <= 0) continue;
    if (target < held + mass) return { index, fraction: (target - held) / mass };
    held += mass;
    last = index;
  }
  // Rounding: u so near to 1 that the sums, added one by one, end below it.
  return last === null ? null : { index: last, fraction: 1 - 2 ** -53 };
}

function sum(values: readonly number[], count: number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += values[i]!;
  return total;
}
