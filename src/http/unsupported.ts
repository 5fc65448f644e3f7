// What OpenAI's API offers and the edge model does not yet do: a clear 400 that names it, never silence.
// Owns: the list. It is asked only once the edge model was chosen; a request for an origin never comes here.
// Fields that only tune or annotate a request are no part of it: they are ignored, as unknown ones are.

import { RequestError } from "../errors.ts";

/** Field -> does this value ask for nothing? Those are let through. */
const HARMLESS: Readonly<Record<string, (value: unknown) => boolean>> = {
  tools: isEmptyList,
  tool_choice: (value) => value === "none",
  functions: isEmptyList,
  function_call: (value) => value === "none",
  best_of: isOne,
  echo: isFalse,
  suffix: (value) => value === "",
  audio: never,
  modalities: (value) => Array.isArray(value) && value.every((modality) => modality === "text"),
  // vLLM's.
  continue_final_message: isFalse,
  add_generation_prompt: isTrue,
  chat_template: never,
  chat_template_kwargs: (value) => typeof value === "object" && Object.keys(value ?? {}).length === 0,
  truncate_prompt_tokens: never,
  prompt_logprobs: never,
  min_tokens: (value) => value === 0,
  bad_words: isEmptyList,
  allowed_token_ids: never,
  include_stop_str_in_output: isFalse,
  skip_special_tokens: isTrue,
  use_beam_search: isFalse,
  length_penalty: isOne,
  // llama-server's.
  n_predict: (value) => value === -1,
  repeat_penalty: isOne,
  typical_p: isOne,
  mirostat: (value) => value === 0,
  // Grammars of llama-server, vLLM and SGLang: an answer that silently ignores one looks right and is not.
  grammar: (value) => value === "",
  json_schema: never,
  structured_outputs: never,
  guided_json: never,
  guided_regex: never,
  guided_choice: never,
  guided_grammar: never,
  regex: never,
  ebnf: never,
};

/** Throws RequestError `unsupported_parameter` or `unsupported_value` for the first field the edge cannot honour. */
export function refuseUnsupported(body: Readonly<Record<string, unknown>>): void {
  for (const [name, isHarmless] of Object.entries(HARMLESS)) {
    const value = Object.hasOwn(body, name) ? body[name] : undefined;
    if (value === undefined || value === null || isHarmless(value)) continue;
    throw new RequestError(`${name} is not supported by the edge model yet; leave it out`, {
      param: name,
      code: "unsupported_parameter",
    });
  }
  if (typeof body.n === "number" && body.n > 1) {
    throw unsupportedValue("n", "n above 1 is not supported by the edge model yet; send one request for each answer");
  }
  const format = body.response_format;
  if (typeof format !== "object" || format === null || !("type" in format) || format.type === "text") return;
  throw unsupportedValue(
    "response_format.type",
    "response_format other than text is not supported by the edge model yet; leave it out",
  );
}

function unsupportedValue(param: string, message: string): RequestError {
  return new RequestError(message, { param, code: "unsupported_value" });
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function isOne(value: unknown): boolean {
  return value === 1;
}

function isTrue(value: unknown): boolean {
  return value === true;
}

function isFalse(value: unknown): boolean {
  return value === false;
}

function never(): boolean {
  return false;
}
