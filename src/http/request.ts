// A chat request's fields: OpenAI's parameters, and vLLM's beside them, checked and bounded.
// Owns: the schema and its limits. Takes a parsed body; gives completer.ts's ChatRequest and how to send the answer.
// Null means not given; unknown fields are ignored, because every big client sends some. Must not know: HTTP, models.

import * as z from "zod";
import type { ChatRequest } from "../completer.ts";
import { RequestError } from "../errors.ts";
import { check, optional } from "./issue.ts";
import { messagesSchema } from "./message.ts";
import { refuseUnsupported } from "./unsupported.ts";

const MAX_STOPS = 16;
const MAX_STOP_LENGTH = 1000;
const MAX_STOP_TOKENS = 256;
const MAX_BIASES = 1024;
/** Token ids fit an int32; whether one is in the vocabulary is the tokenizer's knowledge. */
export const MAX_TOKEN_ID = 2 ** 31 - 1;

const tokenCount = z.int().min(1);
const penalty = z.number().min(-2).max(2);
/** 64 bits, as vLLM takes them. Beyond 2^53 neighbours are one seed: a parsed number is a double. */
const seed = z
  .number()
  .refine((value) => Number.isInteger(value), "expected an integer")
  .min(-(2 ** 63))
  .max(2 ** 63);
const stopString = z.string().min(1).max(MAX_STOP_LENGTH);

const logitBias = z
  .unknown()
  .optional()
  .transform((value, context): ReadonlyMap<number, number> => {
    const biases = new Map<number, number>();
    const complain = (message: string): never => {
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    };
    if (value === undefined || value === null) return biases;
    if (typeof value !== "object" || Array.isArray(value)) return complain("expected an object of token id: bias");
    const entries = Object.entries(value);
    if (entries.length > MAX_BIASES) return complain(`expected at most ${MAX_BIASES} entries`);
    for (const [key, bias] of entries) {
      const id = /^\d{1,10}$/.test(key) ? Number(key) : -1;
      if (id < 0 || id > MAX_TOKEN_ID) return complain("expected token ids as keys");
      if (typeof bias !== "number" || !(bias >= -100 && bias <= 100)) {
        return complain(`expected a number from -100 to 100 for token ${id}`);
      }
      biases.set(id, bias);
    }
    return biases;
  });

const chatSchema = z.object({
  messages: messagesSchema,
  max_tokens: optional(tokenCount),
  max_completion_tokens: optional(tokenCount),
  temperature: optional(z.number().min(0).max(2)),
  top_k: optional(z.int().min(-1)),
  top_p: optional(z.number().gt(0).max(1)),
  min_p: optional(z.number().min(0).max(1)),
  repetition_penalty: optional(z.number().gt(0).max(10)),
  presence_penalty: optional(penalty),
  frequency_penalty: optional(penalty),
  seed: optional(seed),
  stop: z.preprocess(
    (value) => (value === undefined || value === null ? [] : typeof value === "string" ? [value] : value),
    z
      .array(stopString, "expected a string or an array of strings")
      .max(MAX_STOPS, `expected at most ${MAX_STOPS} strings`),
  ),
  stop_token_ids: optional(z.array(z.int().min(0).max(MAX_TOKEN_ID)).max(MAX_STOP_TOKENS)),
  ignore_eos: optional(z.boolean()),
  logit_bias: logitBias,
  logprobs: optional(z.boolean()),
  top_logprobs: optional(z.int().min(0).max(20)),
  n: optional(z.literal(1)),
  response_format: optional(z.object({ type: z.literal("text") })),
  stream: optional(z.boolean()),
  stream_options: optional(z.object({ include_usage: optional(z.boolean()) })),
});

export interface ParsedChat {
  readonly request: ChatRequest;
  readonly stream: boolean;
  /** A last chunk with the usage, when streaming. */
  readonly includeUsage: boolean;
}

/** The name in `model`, undefined when not given. Throws RequestError when it is no name. */
export function readModelName(body: Readonly<Record<string, unknown>>): string | undefined {
  const { model } = check(z.object({ model: optional(z.string().max(256)) }), body);
  return model === "" ? undefined : model;
}

/** Checks a body for the edge model `model`. Throws RequestError that names the first wrong or unsupported field. */
export function readChat(body: Readonly<Record<string, unknown>>, model: string): ParsedChat {
  refuseUnsupported(body);
  const fields = check(chatSchema, body);
  const stream = fields.stream ?? false;
  if (fields.stream_options !== undefined && !stream) {
    throw new RequestError("stream_options is only allowed when stream is true", { param: "stream_options" });
  }
  if ((fields.top_logprobs ?? 0) > 0 && fields.logprobs !== true) {
    throw new RequestError("top_logprobs is only allowed when logprobs is true", { param: "top_logprobs" });
  }
  const sampling = given({
    maxTokens: fields.max_completion_tokens ?? fields.max_tokens,
    temperature: fields.temperature,
    // vLLM says "off" as -1 or 0, the engine as 0.
    topK: fields.top_k === undefined ? undefined : Math.max(0, fields.top_k),
    topP: fields.top_p,
    minP: fields.min_p,
    repetitionPenalty: fields.repetition_penalty,
    presencePenalty: fields.presence_penalty,
    frequencyPenalty: fields.frequency_penalty,
    seed: fields.seed,
  });
  const request: ChatRequest = {
    model,
    messages: fields.messages,
    ...sampling,
    stop: fields.stop,
    stopTokenIds: fields.stop_token_ids ?? [],
    ignoreEos: fields.ignore_eos ?? false,
    logitBias: fields.logit_bias,
    topLogprobs: fields.logprobs === true ? (fields.top_logprobs ?? 0) : null,
  };
  return { request, stream, includeUsage: fields.stream_options?.include_usage ?? false };
}

/** The fields that have a value: absent and undefined are not the same to a spread. */
function given<Fields extends object>(fields: Fields): { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };
}
