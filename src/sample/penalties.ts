// Penalties and biases as sparse adjustments of logits, kept up to date token by token: few, each of all the ids that it
// changes alike. Scope and order are vLLM's: the bias is added first, the repetition penalty sees prompt and answer, presence
// and frequency penalties see the answer. Takes ids; gives Adjustments. Must not know: logits, sessions, draws.

import type { Adjustment } from "../engine/frame.ts";

export interface PenaltyParams {
  /** 1: none. */
  readonly repetitionPenalty: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  /** token id -> added to its logit. */
  readonly logitBias: ReadonlyMap<number, number>;
}

/** Ids that are adjusted alike. */
interface Group extends Omit<Adjustment, "ids"> {
  readonly key: string;
  readonly ids: Set<number>;
  /** Of the ids as they are; null: to be made. */
  adjustment: Adjustment | null;
}

export class Penalties {
  readonly #params: PenaltyParams;
  readonly #prompt = new Set<number>();
  /** id -> how often the answer has it. */
  readonly #counts = new Map<number, number>();
  readonly #groups = new Map<string, Group>();
  /** id -> the group that it is in. */
  readonly #places = new Map<number, Group>();

  constructor(params: PenaltyParams) {
    this.#params = params;
    for (const id of params.logitBias.keys()) this.#place(id);
  }

  /** As of now; an id is in one of them at most. A token costs what the ids of the groups that it changes cost. */
  get adjustments(): readonly Adjustment[] {
    return [...this.#groups.values()].map((group) => {
      const { ids, bias, repetition, subtract } = group;
      group.adjustment ??= { ids: new Uint32Array([...ids]).sort(), bias, repetition, subtract };
      return group.adjustment;
    });
  }

  /** Tokens of the prompt. */
  see(ids: readonly number[]): void {
    if (this.#params.repetitionPenalty === 1) return;
    for (const id of ids) {
      if (this.#prompt.has(id)) continue;
      this.#prompt.add(id);
      this.#place(id);
    }
  }

  /** One token of the answer. */
  count(id: number): void {
    const { repetitionPenalty, presencePenalty, frequencyPenalty } = this.#params;
    if (repetitionPenalty === 1 && presencePenalty === 0 && frequencyPenalty === 0) return;
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    this.#place(id);
  }

  /** Puts an id into the group of what is to be done to it. */
  #place(id: number): void {
    const { repetitionPenalty, presencePenalty, frequencyPenalty, logitBias } = this.#params;
    const count = this.#counts.get(id) ?? 0;
    const isPrompt = this.#prompt.has(id);
    const bias = logitBias.get(id) ?? 0;
    const repetition = isPrompt || count > 0 ? repetitionPenalty : 1;
    const subtract = frequencyPenalty * count + (count > 0 ? presencePenalty : 0);
    // The prompt's ids have groups of their own: the answer's new ones then leave a long prompt's list as it is.
    const key = `${isPrompt} ${bias} ${repetition} ${subtract}`;
    const before = this.#places.get(id);
    if (before?.key === key) return;
    if (before !== undefined) {
      before.ids.delete(id);
      before.adjustment = null;
      if (before.ids.size === 0) this.#groups.delete(before.key);
    }
    const group = this.#groups.get(key) ?? { key, ids: new Set(), bias, repetition, subtract, adjustment: null };
    group.ids.add(id);
    group.adjustment = null;
    this.#groups.set(key, group);
    this.#places.set(id, group);
  }
}
