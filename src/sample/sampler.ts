// The sampler of one answer: what to ask of a position, and which of its candidates becomes the next token.
// Owns the counts of the penalties and the seed's counter. Takes the chain's Candidates; gives a choice with its
// log-probabilities, which are those of the raw distribution. Must not know: text, sessions, stop conditions.

import type { ScalarMath } from "../../kernels/abi.ts";
import type { Candidates } from "../chain/merge.ts";
import type { Constraint } from "../engine/frame.ts";
import { type Candidate, type DrawParams, draw, firstTop, needsAll } from "./draw.ts";
import { Penalties, type PenaltyParams } from "./penalties.ts";
import { randomSeed, uniform } from "./random.ts";

/** Everything that decides a choice; defaults.ts makes it from a request. */
export interface SamplingParams extends DrawParams, PenaltyParams {
  /** null: a random one. */
  readonly seed: number | null;
  /** Alternatives whose log-probabilities are wanted; null: not even the choice's. */
  readonly topLogprobs: number | null;
}

export interface Logprob {
  readonly id: number;
  /** Natural logarithm. */
  readonly logprob: number;
}

export interface Choice {
  readonly id: number;
  /** null when not asked for. */
  readonly logprobs: { readonly logprob: number; readonly top: readonly Logprob[] } | null;
}

export interface Sampler {
  /** Tokens of the prompt, for the repetition penalty. */
  see(prompt: readonly number[]): void;
  /** What to ask of the next position. */
  constraint(): Constraint;
  /** The next token, which counts from now on. `again` asks the same position once more. */
  choose(candidates: Candidates, again: (constraint: Constraint) => Promise<Candidates>): Promise<Choice>;
}

/** Asked once more, a position gives what its first answer lacks. */
const FURTHER = { topRaw: 0, rawSums: false, adjustedSums: false };

/** Temperatures below this are greedy, as in vLLM: dividing by them gains nothing but infinities. */
const GREEDY_BELOW = 1e-5;

/** `tileRows`: rows of the table in one tile of the candidates' sums (manifest.tile_rows). */
export function createSampler(
  params: SamplingParams,
  { math, tileRows }: { math: ScalarMath; tileRows: number },
): Sampler {
  const isGreedy = params.temperature < GREEDY_BELOW;
  const seed = params.seed ?? randomSeed();
  const penalties = new Penalties(params);
  let step = 0;

  const constraint = (): Constraint => ({
    temperature: isGreedy ? 0 : params.temperature,
    top: isGreedy ? 1 : firstTop(params),
    topRaw: params.topLogprobs ?? 0,
    rawSums: params.topLogprobs !== null,
    adjustedSums: !isGreedy && needsAll(params),
    adjustments: penalties.adjustments,
    tile: -1,
    wanted: [],
  });

  const choose = async (
    candidates: Candidates,
    again: (constraint: Constraint) => Promise<Candidates>,
  ): Promise<Choice> => {
    const best = candidates.top[0];
    if (best === undefined) throw new Error("No token can be chosen: every logit is NaN or -infinity");
    const change = (part: { readonly top: number } | { readonly tile: number }) =>
      again({ ...constraint(), ...FURTHER, top: tileRows, ...part });
    const chosen: Candidate = isGreedy
      ? best
      : await draw(candidates, params, uniform(seed, step), { math, tileRows, again: change });
    step++;
    penalties.count(chosen.id);
    if (params.topLogprobs === null) return { id: chosen.id, logprobs: null };
    const logprob = ({ logit }: { logit: number }) => logit - candidates.rawLogSum;
    const top = candidates.topRaw.map((raw) => ({ id: raw.id, logprob: logprob(raw) }));
    return { id: chosen.id, logprobs: { logprob: logprob(chosen), top } };
  };

  return { see: (prompt) => penalties.see(prompt), constraint, choose };
}
