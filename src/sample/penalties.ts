// Penalties and biases as one sparse list of adjustments, kept up to date token by token.
// Scope and order are vLLM's: the bias is added first, the repetition penalty sees prompt and answer, presence and
// frequency penalties see the answer. Takes ids; gives Adjustments. Must not know: logits, sessions, draws.

import type { Adjustment } from "../engine/frame.ts";

export interface PenaltyParams {
  /** 1: none. */
  readonly repetitionPenalty: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  /** token id -> added to its logit. */
  readonly logitBias: ReadonlyMap<number, number>;
}

export class Penalties {
  readonly #params: PenaltyParams;
  readonly #adjustments: Adjustment[] = [];
  /** id -> its place in #adjustments. */
  readonly #places = new Map<number, number>();
  /** id -> how often the answer has it. */
  readonly #counts = new Map<number, number>();

  constructor(params: PenaltyParams) {
    this.#params = params;
    for (const id of params.logitBias.keys()) this.#update(id, false);
  }

  /** One entry an id at most. The list is live: it changes with the next token. */
  get adjustments(): readonly Adjustment[] {
    return this.#adjustments;
  }

  /** Tokens of the prompt. */
  see(ids: readonly number[]): void {
    if (this.#params.repetitionPenalty === 1) return;
    for (const id of ids) this.#update(id, true);
  }

  /** One token of the answer. */
  count(id: number): void {
    const { repetitionPenalty, presencePenalty, frequencyPenalty } = this.#params;
    if (repetitionPenalty === 1 && presencePenalty === 0 && frequencyPenalty === 0) return;
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    this.#update(id, true);
  }

  #update(id: number, seen: boolean): void {
    const { repetitionPenalty, presencePenalty, frequencyPenalty, logitBias } = this.#params;
    const count = this.#counts.get(id) ?? 0;
    const place = this.#places.get(id) ?? this.#adjustments.length;
    this.#places.set(id, place);
    this.#adjustments[place] = {
      id,
      bias: logitBias.get(id) ?? 0,
      repetition: seen ? repetitionPenalty : 1,
      subtract: frequencyPenalty * count + (count > 0 ? presencePenalty : 0),
    };
  }
}
