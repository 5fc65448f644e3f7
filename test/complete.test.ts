import assert from "node:assert/strict";
import { test } from "node:test";
import { createCompleter } from "../src/complete.ts";
import type { ChatRequest, Delta } from "../src/completer.ts";
import { BusyError, ContextLengthError, RequestError } from "../src/errors.ts";
import type { Qwen2Config } from "../src/model/qwen2.ts";
import { createPrompter } from "../src/prompt/chatml.ts";
import { FakeSession, TILE_ROWS } from "./fakes/session.ts";
import { byteVocab } from "./fakes/vocab.ts";

const vocab = byteVocab();
const imEnd = vocab.addedId("<|im_end|>")!;
const bytes = (text: string) => [...new TextEncoder().encode(text)];
const config = { hidden_size: 896, max_position_embeddings: 32_768 } as Qwen2Config;
const generation = { eos_token_id: [imEnd], do_sample: false, repetition_penalty: 1 };
const prompter = createPrompter(null);
/** Tokens of [{ role: "user", content: "Hi" }] in ChatML, every byte one. */
const PROMPT =
  1 +
  bytes("system\nYou are a helpful assistant.").length +
  1 +
  1 +
  1 +
  bytes("user\nHi").length +
  1 +
  1 +
  1 +
  bytes("assistant\n").length;

const request: ChatRequest = {
  model: "m",
  messages: [{ role: "user", content: "Hi" }],
  stop: [],
  stopTokenIds: [],
  ignoreEos: false,
  logitBias: new Map(),
  topLogprobs: null,
};

/** A completer whose model says `script` byte by byte, and what its chain was asked. */
function setup(
  script: readonly number[],
  options: {
    config?: Partial<Qwen2Config>;
    contextLength?: number;
    maxTokens?: number;
    positions?: number;
    open?: () => never;
  } = {},
) {
  const opened: number[] = [];
  const scopes: (string | undefined)[] = [];
  const sessions: FakeSession[] = [];
  const completer = createCompleter({
    manifest: { config: { ...config, ...options.config }, generation, tile_rows: TILE_ROWS },
    prompter,
    vocab,
    chain: {
      open: async ({ positions, scope }) => {
        options.open?.();
        opened.push(positions);
        scopes.push(scope);
        let prompt = 0;
        const logitsOf = (ids: readonly number[]) => {
          if (prompt === 0) prompt = ids.length;
          const logits = new Array<number>(vocab.tokens).fill(0);
          const next = script[ids.length - prompt];
          if (next !== undefined) logits[next] = 5;
          return logits;
        };
        const session = new FakeSession(logitsOf, 7, options.positions);
        sessions.push(session);
        return session;
      },
    },
    limits: { contextLength: options.contextLength ?? 4096, maxTokens: options.maxTokens ?? 4096 },
  });
  const answer = async (change: Partial<ChatRequest> = {}, signal = new AbortController().signal) => {
    const completion = await completer.complete({ ...request, ...change }, signal);
    assert.ok("deltas" in completion);
    const deltas: Delta[] = [];
    for await (const delta of completion.deltas) deltas.push(delta);
    const texts = deltas.filter((delta) => delta.kind === "text");
    const finish = deltas.at(-1)!;
    assert.ok(finish.kind === "finish");
    return { texts, text: texts.map(({ text }) => text).join(""), logprobs: texts.flatMap((d) => d.logprobs), finish };
  };
  return { completer, opened, scopes, sessions, answer };
}

test("complete() answers with text, then the reason and the usage, and closes its session", async () => {
  const { answer, sessions } = setup([...bytes("Hé!"), imEnd]);
  const { texts, finish } = await answer();
  assert.deepEqual(
    texts,
    ["H", "é", "!"].map((text) => ({ kind: "text", text, logprobs: [] })),
  );
  assert.deepEqual(finish, {
    kind: "finish",
    reason: "stop",
    usage: { promptTokens: PROMPT, completionTokens: 5, cachedTokens: 7 },
  });
  assert.equal(sessions[0]!.closed, 1);
});

test("complete() gives the session the prompt with control tokens from the template only", async () => {
  const { answer, sessions } = setup([imEnd]);
  await answer({ messages: [{ role: "user", content: "<|im_end|>" }] });
  const { ids } = sessions[0]!.calls[0]!;
  assert.equal(ids.filter((id) => id === imEnd).length, 2);
  assert.equal(ids.length, PROMPT - 2 + "<|im_end|>".length);
});

test("complete() ends with length at max_tokens, and reserves prompt and answer", async () => {
  const { answer, opened } = setup(bytes("abcdef"));
  const { text, finish } = await answer({ maxTokens: 3 });
  assert.equal(text, "abc");
  assert.equal(finish.reason, "length");
  assert.equal(finish.usage.completionTokens, 3);
  assert.deepEqual(opened, [PROMPT + 3]);
});

test("complete() ends with length where the session has no position left", async () => {
  const { answer, opened } = setup(bytes("abcdef"), { positions: PROMPT + 2 });
  const { text, finish } = await answer();
  assert.equal(text, "abc"); // the last token is not computed
  assert.equal(finish.reason, "length");
  assert.deepEqual(opened, [4096]);
  assert.equal((await setup(bytes("abcdef"), { positions: PROMPT }).answer()).text, "a");
});

test("complete() shares what it computes with the request's scope, without one with nobody", async () => {
  const { answer, scopes } = setup([imEnd]);
  await answer({ scope: "me" });
  await answer();
  assert.deepEqual(scopes, ["me", undefined]);
});

test("complete() lets an answer have what the context leaves, capped by the configuration", async () => {
  const left = setup(bytes("abcdefgh"), { contextLength: PROMPT + 5 });
  assert.equal((await left.answer()).text, "abcde");
  assert.equal((await left.answer({ maxTokens: 100 })).text, "abcde");
  assert.equal((await setup(bytes("abcdefgh"), { maxTokens: 2 }).answer()).text, "ab");
  assert.equal((await setup(bytes("abcdefgh"), { maxTokens: 2 }).answer({ maxTokens: 4 })).text, "ab");
});

test("complete() refuses a prompt that leaves no token, with both numbers", async () => {
  const { answer } = setup([imEnd], { contextLength: PROMPT });
  await assert.rejects(answer(), (error: ContextLengthError) => {
    assert.ok(error instanceof ContextLengthError);
    assert.match(error.message, new RegExp(`${PROMPT} tokens.*${PROMPT}`));
    return true;
  });
  assert.equal((await setup([97], { contextLength: PROMPT + 1 }).answer()).text, "a");
});

const yarn = { rope_type: "yarn", factor: 4, beta_fast: 32, beta_slow: 1 } as const;
const dual = { chunk_size: 262_144, local_size: 8_192, original_max_position_embeddings: 262_144 };
const CONTEXTS: readonly { model: string; config: Partial<Qwen2Config>; positions: number }[] = [
  { model: "plain RoPE", config: {}, positions: 32_768 },
  {
    model: "YaRN",
    config: { rope_scaling: { ...yarn, original_max_position_embeddings: 32_768 } },
    positions: 131_072,
  },
  {
    model: "Dual Chunk Attention",
    config: { max_position_embeddings: 1_010_000, dual_chunk_attention_config: dual },
    positions: 1_010_000,
  },
];

for (const { model, config, positions } of CONTEXTS) {
  test(`complete() lets prompt and answer have every position of a model with ${model}, and no more`, async () => {
    const limit = 2 ** 21;
    const { answer, opened } = setup([imEnd], { config, contextLength: limit, maxTokens: limit });
    await answer();
    assert.deepEqual(opened, [positions]);
  });
}

test("complete() rejects before any delta, when the chain is busy or the request is wrong", async () => {
  const busy = setup([], {
    open: () => {
      throw new BusyError("full", 3);
    },
  });
  await assert.rejects(busy.answer(), BusyError);
  await assert.rejects(setup([]).answer({ logitBias: new Map([[vocab.tokens, 1]]) }), RequestError);
});

test("complete() cuts before a stop string over several tokens, and says stop", async () => {
  const { answer, sessions } = setup([...bytes("one END two"), imEnd]);
  const { text, finish } = await answer({ stop: ["END"] });
  assert.equal(text, "one ");
  assert.equal(finish.reason, "stop");
  assert.equal(finish.usage.completionTokens, 7);
  assert.equal(sessions[0]!.calls.length, 7);
  assert.equal(sessions[0]!.closed, 1);
});

test("complete() gives what a stop string held back, when the answer ends", async () => {
  const { text, finish } = await setup([...bytes("one EN"), imEnd]).answer({ stop: ["END"] });
  assert.equal(text, "one EN");
  assert.equal(finish.reason, "stop");
  assert.equal((await setup(bytes("one EN")).answer({ stop: ["END"], maxTokens: 6 })).text, "one EN");
});

test("complete() leaves control tokens out of the text, ends at the request's ids, and goes on past the model's on request", async () => {
  const { text } = await setup([97, imEnd, 98, 99, 100]).answer({ ignoreEos: true, stopTokenIds: [100] });
  assert.equal(text, "abc");
});

test("complete() gives each token's log-probabilities once, in order, with the text they belong to", async () => {
  const script = [...bytes("a你 EN"), imEnd];
  const { texts, logprobs } = await setup(script).answer({ topLogprobs: 2, stop: ["END"] });
  assert.deepEqual(
    logprobs.flatMap(({ bytes }) => bytes),
    bytes("a你 EN"),
  );
  for (const { text, logprobs } of texts) {
    assert.equal(new TextDecoder().decode(Uint8Array.from(logprobs.flatMap(({ bytes }) => bytes))), text);
  }
  const best = 5 - Math.log(Math.exp(5) + vocab.tokens - 1);
  for (const { logprob, top } of logprobs) {
    assert.ok(Math.abs(logprob - best) < 1e-9);
    assert.equal(top.length, 2);
    assert.ok(Math.abs(top[0]!.logprob - best) < 1e-9);
  }
  assert.equal(logprobs[0]!.token, "a");
  assert.equal(logprobs[1]!.token, "\ufffd");
  assert.deepEqual((await setup(script).answer({ topLogprobs: 0 })).logprobs[0]!.top, []);
});

test("complete() stops and closes its session, when the signal aborts", async () => {
  const controller = new AbortController();
  const { completer, sessions } = setup(bytes("abcdef"));
  const completion = await completer.complete(request, controller.signal);
  assert.ok("deltas" in completion);
  const texts: string[] = [];
  const reading = (async () => {
    for await (const delta of completion.deltas) {
      if (delta.kind === "text") texts.push(delta.text);
      controller.abort();
    }
  })();
  await assert.rejects(reading, { name: "AbortError" });
  assert.deepEqual(texts, ["a"]);
  assert.equal(sessions[0]!.closed, 1);
  assert.equal(sessions[0]!.calls.length, 1);
});

test("complete() closes its session, when the reader leaves", async () => {
  const { completer, sessions } = setup(bytes("abcdef"));
  const completion = await completer.complete(request, new AbortController().signal);
  assert.ok("deltas" in completion);
  for await (const _ of completion.deltas) break;
  assert.equal(sessions[0]!.closed, 1);
});

test("complete() gives the same text for the same seed, whatever was asked before and runs beside it", async () => {
  const { answer } = setup([]);
  const sampled = { temperature: 1, topK: 0, topP: 1, seed: 9, maxTokens: 40, ignoreEos: true };
  const first = await answer(sampled);
  await answer({ ...sampled, seed: 10 });
  const [again, other] = await Promise.all([answer(sampled), answer({ ...sampled, seed: 11 })]);
  assert.equal(again.text, first.text);
  assert.notEqual(other.text, first.text);
  // The stream equals the whole: no piece holds half a character that another completes.
  assert.equal(first.text.isWellFormed(), true);
});
