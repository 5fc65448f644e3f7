// The loop: from a prompt's ids to one chosen id after the other, until a stop id or the limit.
// Takes a session and a sampler; gives choices, the last one with why it ended. Must not know: text, HTTP, the engine.

import type { Session } from "../chain/session.ts";
import type { Choice, Sampler } from "./sampler.ts";

export interface GenerateOptions {
  readonly sampler: Sampler;
  /** At least 1. */
  readonly maxTokens: number;
  /** Ids that end the answer; they are no part of its text. */
  readonly stopIds: ReadonlySet<number>;
  /** Looked at between steps. */
  readonly signal: AbortSignal;
}

/** A chosen token; `end` says why it is the last one: a stop id, which is no text, or the limit. */
export interface Token extends Choice {
  readonly end: "stop" | "length" | null;
}

/** Chosen tokens in order; the last one has an `end`. The caller closes the session. */
export async function* generate(
  session: Session,
  prompt: readonly number[],
  { sampler, maxTokens, stopIds, signal }: GenerateOptions,
): AsyncGenerator<Token, void> {
  sampler.see(prompt);
  let candidates = await session.sync(prompt, sampler.constraint());
  for (let count = 1; ; count++) {
    signal.throwIfAborted();
    const choice = await sampler.choose(candidates, (constraint) => session.again(constraint));
    const end = stopIds.has(choice.id) ? "stop" : count >= maxTokens ? "length" : null;
    yield { ...choice, end };
    if (end !== null) return;
    signal.throwIfAborted();
    candidates = await session.step(choice.id, sampler.constraint());
  }
}
