// Which sampling parameters an answer gets: the request's, else the model's own, else the family's.
// Takes a request and the manifest's generation config; gives SamplingParams and the ids that end an answer.
// Must not know: how parameters are applied, HTTP.

import { RequestError } from "../errors.ts";
import type { Vocab } from "../token/vocab.ts";
import type { SamplingParams } from "./sampler.ts";

/** The sampling fields of a request; undefined: take the default. */
export interface SamplingRequest {
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly seed?: number;
  readonly stopTokenIds: readonly number[];
  readonly ignoreEos: boolean;
  readonly logitBias: ReadonlyMap<number, number>;
  readonly topLogprobs: number | null;
}

/** The sampling fields of generation_config.json, by its names. */
export interface ModelDefaults {
  readonly eos_token_id: readonly number[];
  readonly do_sample?: boolean;
  readonly temperature?: number;
  readonly top_k?: number;
  readonly top_p?: number;
  readonly min_p?: number;
  readonly repetition_penalty?: number;
}

/**
 * generation_config.json of the Qwen2 and Qwen2.5 instruct models, for files that carry none.
 * Source: the model files of Qwen2-0.5B-Instruct and Qwen2.5-7B, 14B and Coder-32B-Instruct, which agree but for the
 * repetition penalty.
 */
const FAMILY = { temperature: 0.7, top_p: 0.8, top_k: 20 } as const;
const FAMILY_EOS = ["<|im_end|>", "<|endoftext|>"];
/**
 * Small models loop more: 1.1 in Qwen2-0.5B-Instruct (its model file) and Qwen2-1.5B-Instruct (third party), taken for
 * Qwen2.5 of that size too; 1.05 in Qwen2.5-7B, 14B and Coder-32B-Instruct (their model files).
 */
const FAMILY_REPETITION = { small: 1.1, large: 1.05 } as const;
/** D of the 1.5B models. */
const SMALL_HIDDEN_SIZE = 1536;

/** What the model says about itself. */
export interface ModelFacts {
  readonly generation: ModelDefaults;
  /** D: tells the size within the family. */
  readonly hiddenSize: number;
  readonly vocab: Pick<Vocab, "tokens" | "addedId">;
}

/**
 * A request's sampling parameters with the defaults filled in. Explicit fields win over the model's.
 * @throws {RequestError} for a bias on an id that is no token
 */
export function samplingParams(
  request: SamplingRequest,
  { generation, hiddenSize, vocab }: ModelFacts,
): SamplingParams {
  for (const id of request.logitBias.keys()) {
    if (id >= vocab.tokens) {
      throw new RequestError(`Token id ${id} is not in 0..${vocab.tokens - 1}`, {
        param: "logit_bias",
        code: "invalid_value",
      });
    }
  }
  const repetition = FAMILY_REPETITION[hiddenSize <= SMALL_HIDDEN_SIZE ? "small" : "large"];
  const modelTemperature = generation.do_sample === false ? 0 : (generation.temperature ?? FAMILY.temperature);
  const topK = request.topK ?? generation.top_k ?? FAMILY.top_k;
  return {
    temperature: request.temperature ?? modelTemperature,
    topK: topK >= vocab.tokens ? 0 : topK,
    topP: request.topP ?? generation.top_p ?? FAMILY.top_p,
    minP: request.minP ?? generation.min_p ?? 0,
    repetitionPenalty: request.repetitionPenalty ?? generation.repetition_penalty ?? repetition,
    presencePenalty: request.presencePenalty ?? 0,
    frequencyPenalty: request.frequencyPenalty ?? 0,
    logitBias: request.logitBias,
    seed: request.seed ?? null,
    topLogprobs: request.topLogprobs,
  };
}

/** The ids that end an answer: the model's own, unless the request ignores them, and the request's. */
export function stopIds(request: SamplingRequest, { generation, vocab }: ModelFacts): ReadonlySet<number> {
  const family = FAMILY_EOS.map((token) => vocab.addedId(token)).filter((id) => id !== undefined);
  const own = generation.eos_token_id.length > 0 ? generation.eos_token_id : family;
  return new Set([...(request.ignoreEos ? [] : own), ...request.stopTokenIds]);
}
