// Deltas become chunks in the wire's order, and the same chunks folded are the whole answer.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Delta, TokenLogprob } from "../../src/completer.ts";
import { type Chunk, fold, toChunks } from "../../src/http/chunk.ts";
import { collect } from "../fakes/sse.ts";

const HEAD = { id: "chatcmpl-1", created: 5, model: "tiny", system_fingerprint: "fp_1" };
const FINISH: Delta = {
  kind: "finish",
  reason: "length",
  usage: { promptTokens: 10, completionTokens: 2, cachedTokens: 8 },
};
const LOGPROB: TokenLogprob = {
  token: "\ufffd",
  bytes: [0xe4, 0xbd],
  logprob: -0.5,
  top: [
    { token: "\ufffd", bytes: [0xe4, 0xbd], logprob: -0.5 },
    { token: "b", bytes: [98], logprob: Number.NEGATIVE_INFINITY },
  ],
};

function text(value: string, logprobs: readonly TokenLogprob[] = []): Delta {
  return { kind: "text", text: value, logprobs };
}

async function* from(deltas: readonly Delta[]): AsyncGenerator<Delta> {
  yield* deltas;
}

async function chunksOf(deltas: readonly Delta[], includeUsage: boolean, includeLogprobs = false): Promise<Chunk[]> {
  return collect(toChunks(from(deltas), HEAD, { includeUsage, includeLogprobs }));
}

test("toChunks() sends role, content, one finish and then the usage, when usage is asked for", async () => {
  const chunks = await chunksOf([text("a"), text("b"), FINISH], true);
  assert.deepEqual(
    chunks.map(({ choices }) => choices[0]?.delta),
    [{ role: "assistant", content: "" }, { content: "a" }, { content: "b" }, {}, undefined],
  );
  assert.deepEqual(
    chunks.map(({ choices }) => choices[0]?.finish_reason),
    [null, null, null, "length", undefined],
  );
  assert.deepEqual(
    chunks.map(({ usage }) => usage),
    [
      null,
      null,
      null,
      null,
      { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12, prompt_tokens_details: { cached_tokens: 8 } },
    ],
  );
  for (const { id, created, model, system_fingerprint, object } of chunks) {
    assert.deepEqual({ id, created, model, system_fingerprint }, HEAD);
    assert.equal(object, "chat.completion.chunk");
  }
});

test("toChunks() has no usage field at all, when usage is not asked for", async () => {
  const chunks = await chunksOf([text("a"), FINISH], false);
  assert.equal(chunks.length, 3);
  assert.ok(chunks.every((chunk) => !("usage" in chunk)));
});

test("toChunks() keeps a log-probability whose token has no text yet, and drops an empty delta", async () => {
  const chunks = await chunksOf([text(""), text("", [LOGPROB]), text("x"), FINISH], false, true);
  assert.equal(chunks.length, 4);
  assert.deepEqual(chunks[1]?.choices[0]?.logprobs, {
    content: [
      {
        token: "\ufffd",
        logprob: -0.5,
        bytes: [0xe4, 0xbd],
        top_logprobs: [
          { token: "\ufffd", logprob: -0.5, bytes: [0xe4, 0xbd] },
          { token: "b", logprob: -9999, bytes: [98] },
        ],
      },
    ],
    refusal: null,
  });
});

test("toChunks() throws, when the deltas end without a finish", async () => {
  await assert.rejects(chunksOf([text("a")], true), /without a finish/);
});

test("fold() gives the text, log-probabilities, finish and usage of the chunks", async () => {
  const options = { includeUsage: true, includeLogprobs: true };
  const deltas = [text("a", [LOGPROB]), text("", [LOGPROB]), text("b"), FINISH];
  const answer = await fold(toChunks(from(deltas), HEAD, options), options);
  assert.equal(answer.object, "chat.completion");
  assert.equal(answer.id, HEAD.id);
  assert.deepEqual(answer.choices[0]?.message, { role: "assistant", content: "ab", refusal: null });
  assert.equal(answer.choices[0]?.logprobs?.content.length, 2);
  assert.equal(answer.choices[0]?.finish_reason, "length");
  assert.equal(answer.usage.total_tokens, 12);
});

test("fold() of an empty answer has an empty text, and null logprobs when none were asked for", async () => {
  const options = { includeUsage: true, includeLogprobs: false };
  const answer = await fold(toChunks(from([FINISH]), HEAD, options), options);
  assert.equal(answer.choices[0]?.message.content, "");
  assert.equal(answer.choices[0]?.logprobs, null);
});
