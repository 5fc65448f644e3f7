// The chat schema: what is accepted and how it is read, what is refused and by which name.

import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestError } from "../../src/errors.ts";
import { readChat, readModelName } from "../../src/http/request.ts";

const MESSAGES = [{ role: "user", content: "hi" }];

function read(fields: Readonly<Record<string, unknown>>) {
  return readChat({ messages: MESSAGES, ...fields }, "tiny");
}

function refusal(fields: Readonly<Record<string, unknown>>): {
  param: string | null;
  code: string | null;
  message: string;
} {
  try {
    read(fields);
  } catch (error) {
    assert.ok(error instanceof RequestError, String(error));
    assert.equal(error.status, 400);
    return { param: error.param, code: error.code, message: error.message };
  }
  assert.fail(`accepted ${JSON.stringify(fields)}`);
}

test("readChat() leaves out what was not given, null included", () => {
  const nulls = Object.fromEntries(
    [
      ["max_tokens", "max_completion_tokens", "temperature", "top_k", "top_p", "min_p", "repetition_penalty", "seed"],
      ["presence_penalty", "frequency_penalty", "stop", "stop_token_ids", "ignore_eos", "logit_bias", "logprobs"],
      ["top_logprobs", "n", "response_format", "stream", "stream_options", "tools", "tool_choice", "functions"],
    ]
      .flat()
      .map((name) => [name, null]),
  );
  const expected = {
    request: {
      model: "tiny",
      messages: MESSAGES,
      stop: [],
      stopTokenIds: [],
      ignoreEos: false,
      logitBias: new Map(),
      topLogprobs: null,
    },
    stream: false,
    includeUsage: false,
  };
  assert.deepEqual(read({}), expected);
  assert.deepEqual(read(nulls), expected);
});

test("readChat() reads every parameter, when all are given", () => {
  const { request, stream, includeUsage } = read({
    max_tokens: 5,
    max_completion_tokens: 7,
    temperature: 2,
    top_k: 40,
    top_p: 1,
    min_p: 0.1,
    repetition_penalty: 1.1,
    presence_penalty: -2,
    frequency_penalty: 2,
    seed: -(2 ** 63),
    stop: "end",
    stop_token_ids: [1, 2],
    ignore_eos: true,
    logit_bias: { "5": -100, "151935": 100 },
    logprobs: true,
    top_logprobs: 20,
    stream: true,
    stream_options: { include_usage: true, include_obfuscation: false },
    // Annotations that clients send and nobody here reads.
    store: true,
    metadata: { a: "b" },
    service_tier: "auto",
    reasoning_effort: "low",
    user: "x",
  });
  assert.deepEqual(request, {
    model: "tiny",
    messages: MESSAGES,
    maxTokens: 7,
    temperature: 2,
    topK: 40,
    topP: 1,
    minP: 0.1,
    repetitionPenalty: 1.1,
    presencePenalty: -2,
    frequencyPenalty: 2,
    seed: -(2 ** 63),
    stop: ["end"],
    stopTokenIds: [1, 2],
    ignoreEos: true,
    logitBias: new Map([
      [5, -100],
      [151935, 100],
    ]),
    topLogprobs: 20,
  });
  assert.equal(stream, true);
  assert.equal(includeUsage, true);
});

test("readChat() says how many stop strings there may be", () => {
  assert.throws(() => read({ stop: Array(17).fill("x") }), /stop: expected at most 16 strings/);
});

test("readChat() reads -1 and 0 of top_k as off, and logprobs alone as no alternatives", () => {
  assert.equal(read({ top_k: -1 }).request.topK, 0);
  assert.equal(read({ top_k: 0 }).request.topK, 0);
  assert.equal(read({ logprobs: true }).request.topLogprobs, 0);
  assert.equal(read({ logprobs: false }).request.topLogprobs, null);
});

test("readChat() joins text parts, turns developer into system and lets an assistant say nothing", () => {
  const parts = [
    { type: "text", text: "a" },
    { type: "text", text: "b" },
  ];
  const messages = [
    { role: "developer", content: "rules" },
    { role: "user", content: parts, name: "x" },
    { role: "assistant", content: null, tool_calls: [], refusal: null },
    { role: "assistant" },
    { role: "user", content: "\ud800 <|im_end|>" },
  ];
  assert.deepEqual(read({ messages }).request.messages, [
    { role: "system", content: "rules" },
    { role: "user", content: "a\nb" },
    { role: "assistant", content: "" },
    { role: "assistant", content: "" },
    { role: "user", content: "\ud800 <|im_end|>" },
  ]);
});

test("readChat() names the parameter by its path, when a value is of the wrong type or out of range", () => {
  const user = { role: "user", content: "a" };
  const cases: [fields: Record<string, unknown>, param: string][] = [
    [{ messages: undefined }, "messages"],
    [{ messages: "hi" }, "messages"],
    [{ messages: [] }, "messages"],
    [{ messages: Array(4097).fill(user) }, "messages"],
    [{ messages: [user, user, { role: "robot", content: "a" }] }, "messages[2].role"],
    [{ messages: [user, 5] }, "messages[1]"],
    [{ messages: [{ role: "user" }] }, "messages[0].content"],
    [{ messages: [{ role: "user", content: null }] }, "messages[0].content"],
    [{ messages: [{ role: "user", content: [{ type: "text" }] }] }, "messages[0].content[0].text"],
    [{ temperature: 2.1 }, "temperature"],
    [{ temperature: -0.1 }, "temperature"],
    [{ temperature: "1" }, "temperature"],
    [{ top_p: 0 }, "top_p"],
    [{ top_p: 1.01 }, "top_p"],
    [{ min_p: -0.1 }, "min_p"],
    [{ top_k: -2 }, "top_k"],
    [{ top_k: 1.5 }, "top_k"],
    [{ repetition_penalty: 0 }, "repetition_penalty"],
    [{ repetition_penalty: 10.1 }, "repetition_penalty"],
    [{ presence_penalty: 2.1 }, "presence_penalty"],
    [{ frequency_penalty: -2.1 }, "frequency_penalty"],
    [{ seed: 1.5 }, "seed"],
    [{ seed: 2 ** 64 }, "seed"],
    [{ seed: Number.POSITIVE_INFINITY }, "seed"],
    [{ max_tokens: 0 }, "max_tokens"],
    [{ max_completion_tokens: -1 }, "max_completion_tokens"],
    [{ stop: 5 }, "stop"],
    [{ stop: [""] }, "stop[0]"],
    [{ stop: ["a", 5] }, "stop[1]"],
    [{ stop: ["x".repeat(1001)] }, "stop[0]"],
    [{ stop: Array(17).fill("x") }, "stop"],
    [{ stop_token_ids: [-1] }, "stop_token_ids[0]"],
    [{ ignore_eos: 1 }, "ignore_eos"],
    [{ logit_bias: [] }, "logit_bias"],
    [{ logit_bias: { hello: 1 } }, "logit_bias"],
    [{ logit_bias: { "-1": 1 } }, "logit_bias"],
    [{ logit_bias: { "9999999999": 1 } }, "logit_bias"],
    [{ logit_bias: { "1": 101 } }, "logit_bias"],
    [{ logit_bias: { "1": "1" } }, "logit_bias"],
    [{ logit_bias: Object.fromEntries(Array.from({ length: 1025 }, (_, i) => [i, 0])) }, "logit_bias"],
    [{ logprobs: 1 }, "logprobs"],
    [{ logprobs: true, top_logprobs: 21 }, "top_logprobs"],
    [{ top_logprobs: 2 }, "top_logprobs"],
    [{ n: 0 }, "n"],
    [{ n: "1" }, "n"],
    [{ stream: "true" }, "stream"],
    [{ stream: true, stream_options: [] }, "stream_options"],
    [{ stream: true, stream_options: { include_usage: 1 } }, "stream_options.include_usage"],
    [{ stream_options: { include_usage: true } }, "stream_options"],
    [{ response_format: "text" }, "response_format"],
  ];
  for (const [fields, param] of cases) {
    const found = refusal(fields);
    assert.equal(found.param, param, JSON.stringify(fields).slice(0, 100));
    assert.ok(found.message.includes(param), found.message);
  }
});

test("readChat() names what the edge model does not do yet, when it is asked for it", () => {
  const user = { role: "user", content: "a" };
  const tool = { type: "function", function: { name: "f" } };
  const cases: [fields: Record<string, unknown>, param: string][] = [
    [{ tools: [tool] }, "tools"],
    [{ tool_choice: "auto" }, "tool_choice"],
    [{ functions: [{ name: "f" }] }, "functions"],
    [{ function_call: "auto" }, "function_call"],
    [{ best_of: 2 }, "best_of"],
    [{ echo: true }, "echo"],
    [{ suffix: "x" }, "suffix"],
    [{ guided_json: {} }, "guided_json"],
    [{ regex: "a" }, "regex"],
    [{ min_tokens: 3 }, "min_tokens"],
    [{ bad_words: ["a"] }, "bad_words"],
    [{ allowed_token_ids: [5] }, "allowed_token_ids"],
    [{ include_stop_str_in_output: true }, "include_stop_str_in_output"],
    [{ skip_special_tokens: false }, "skip_special_tokens"],
    [{ chat_template_kwargs: { a: 1 } }, "chat_template_kwargs"],
    [{ repeat_penalty: 1.1 }, "repeat_penalty"],
    [{ modalities: ["text", "audio"] }, "modalities"],
    [{ n: 2 }, "n"],
    [{ response_format: { type: "json_object" } }, "response_format.type"],
    [{ response_format: { type: "json_schema", json_schema: {} } }, "response_format.type"],
    [{ messages: [user, { role: "tool", content: "1", tool_call_id: "a" }] }, "messages[1].role"],
    [{ messages: [user, { role: "function", content: "1", name: "f" }] }, "messages[1].role"],
    [{ messages: [user, { role: "assistant", content: null, tool_calls: [tool] }] }, "messages[1].tool_calls"],
    [{ messages: [{ role: "user", content: [{ type: "image_url" }] }] }, "messages[0].content[0].type"],
    [{ messages: [{ role: "user", content: [5] }] }, "messages[0].content[0].type"],
  ];
  for (const [fields, param] of cases) {
    const { param: found, code, message } = refusal(fields);
    assert.equal(found, param);
    assert.match(code ?? "", /^unsupported_(parameter|value)$/);
    assert.match(message, /not supported by the edge model/);
  }
});

test("readChat() accepts what asks for nothing unsupported", () => {
  const response_format = { type: "text" };
  read({ tools: [], tool_choice: "none", functions: [], n: 1, best_of: 1, echo: false, response_format });
  read({ min_tokens: 0, bad_words: [], include_stop_str_in_output: false, skip_special_tokens: true, n_predict: -1 });
  read({ chat_template_kwargs: {}, allowed_token_ids: null, repeat_penalty: 1, logprobs: false, top_logprobs: 0 });
});

test("readModelName() gives the name, undefined when there is none, and refuses what is no name", () => {
  assert.equal(readModelName({ model: "a" }), "a");
  for (const body of [{}, { model: null }, { model: "" }]) assert.equal(readModelName(body), undefined);
  for (const model of [5, ["a"], {}, "x".repeat(257)])
    assert.throws(() => readModelName({ model }), { param: "model" });
});
