// A scripted Session: logits come from a function of the ids, and are adjusted, ranked and summed as the chain does it,
// in plain double precision (tile sums in single, as they travel). It records every call.

import type { Candidates } from "../../src/chain/merge.ts";
import type { Session } from "../../src/chain/session.ts";
import type { Constraint } from "../../src/engine/frame.ts";

export const math: Session["math"] = { exp: Math.exp, log: Math.log };

export const TILE_ROWS = 8;

/** The candidates of a row of logits under a constraint. */
export function candidatesOf(logits: readonly number[], constraint: Constraint, tileRows = TILE_ROWS): Candidates {
  const adjusted = [...logits];
  for (const { ids, bias, repetition, subtract } of constraint.adjustments) {
    for (const id of ids) {
      const biased = logits[id]! + bias;
      adjusted[id] = (biased > 0 ? biased / repetition : biased * repetition) - subtract;
    }
  }
  const { temperature } = constraint;
  const tiles = (values: readonly number[], scale: number) =>
    Array.from({ length: Math.ceil(values.length / tileRows) }, (_, t) => {
      const tile = values.slice(t * tileRows, (t + 1) * tileRows);
      const max = Math.max(...tile);
      const sum = tile.reduce((total, x) => total + (max > -Infinity ? Math.exp((x - max) * scale) : 0), 0);
      return { max, sum: Math.fround(sum) };
    });
  const logSum = (values: readonly number[], scale: number) => {
    const max = Math.max(...values);
    return max * scale + Math.log(values.reduce((total, x) => total + Math.exp((x - max) * scale), 0));
  };
  const all = logits.map((logit, id) => ({ id, logit, adjusted: adjusted[id]! }));
  const asked = constraint.tile < 0 ? all : all.filter(({ id }) => Math.floor(id / tileRows) === constraint.tile);
  const hasSums = constraint.adjustedSums && temperature > 0;
  return {
    top: asked
      .filter((c) => c.adjusted > -Infinity)
      .sort((a, b) => b.adjusted - a.adjusted || a.id - b.id)
      .slice(0, constraint.top),
    topRaw: logits
      .map((logit, id) => ({ id, logit }))
      .sort((a, b) => b.logit - a.logit || a.id - b.id)
      .slice(0, constraint.topRaw),
    wanted: constraint.wanted.map((id) => ({ id, logit: logits[id]! })),
    rawLogSum: constraint.rawSums ? logSum(logits, 1) : Number.NaN,
    adjustedTiles: hasSums ? tiles(adjusted, 1 / temperature) : [],
    adjustedLogSum: hasSums ? logSum(adjusted, 1 / temperature) : Number.NaN,
  };
}

export interface FakeCall {
  readonly kind: "sync" | "step" | "again";
  readonly ids: readonly number[];
  readonly constraint: Constraint;
}

export class FakeSession implements Session {
  readonly math = math;
  readonly cachedTokens: number;
  readonly positions: number;
  readonly calls: FakeCall[] = [];
  ids: number[] = [];
  closed = 0;
  readonly #logits: (ids: readonly number[]) => readonly number[];

  constructor(logits: (ids: readonly number[]) => readonly number[], cachedTokens = 0, positions = 2 ** 20) {
    this.#logits = logits;
    this.positions = positions;
    this.cachedTokens = cachedTokens;
  }

  sync(ids: readonly number[], constraint: Constraint): Promise<Candidates> {
    this.ids = [...ids];
    return this.#answer("sync", constraint);
  }

  step(id: number, constraint: Constraint): Promise<Candidates> {
    this.ids.push(id);
    return this.#answer("step", constraint);
  }

  again(constraint: Constraint): Promise<Candidates> {
    return this.#answer("again", constraint);
  }

  close(): void {
    this.closed++;
  }

  async #answer(kind: FakeCall["kind"], constraint: Constraint): Promise<Candidates> {
    this.calls.push({ kind, ids: [...this.ids], constraint });
    return candidatesOf(this.#logits(this.ids), constraint);
  }
}

/** Logits that make greedy choose the script's tokens, one after the other, after a prompt of any length. */
export function scripted(script: readonly number[], { vocabSize, prompt }: { vocabSize: number; prompt: number }) {
  return (ids: readonly number[]): number[] => {
    const logits = new Array<number>(vocabSize).fill(0);
    const next = script[ids.length - prompt];
    if (next !== undefined) logits[next] = 10;
    return logits;
  };
}
