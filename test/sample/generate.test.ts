import assert from "node:assert/strict";
import { test } from "node:test";
import { generate, type Token } from "../../src/sample/generate.ts";
import { createSampler } from "../../src/sample/sampler.ts";
import { FakeSession, math, scripted, TILE_ROWS } from "../fakes/session.ts";

const prompt = [1, 2, 3];
const params = {
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logitBias: new Map<number, number>(),
  seed: 1,
  topLogprobs: null,
};

function start(script: number[], options: { maxTokens?: number; stop?: number[]; signal?: AbortSignal } = {}) {
  const session = new FakeSession(scripted(script, { vocabSize: 32, prompt: prompt.length }));
  const tokens = generate(session, prompt, {
    sampler: createSampler(params, { math, tileRows: TILE_ROWS }),
    maxTokens: options.maxTokens ?? 100,
    stopIds: new Set(options.stop ?? [31]),
    signal: options.signal ?? new AbortController().signal,
  });
  return { session, tokens };
}

async function collect(tokens: AsyncIterable<Token>): Promise<Token[]> {
  const all: Token[] = [];
  for await (const token of tokens) all.push(token);
  return all;
}

test("generate() syncs the prompt once, then steps, and computes nothing after the last token", async () => {
  const { session, tokens } = start([7, 8, 9, 31]);
  assert.deepEqual(
    (await collect(tokens)).map(({ id, end }) => [id, end]),
    [
      [7, null],
      [8, null],
      [9, null],
      [31, "stop"],
    ],
  );
  assert.deepEqual(
    session.calls.map(({ kind, ids }) => [kind, ids.length]),
    [
      ["sync", 3],
      ["step", 4],
      ["step", 5],
      ["step", 6],
    ],
  );
});

test("generate() ends with length at the limit, with stop when both come together", async () => {
  const cut = start([7, 8, 9], { maxTokens: 2 });
  assert.deepEqual((await collect(cut.tokens)).at(-1), { id: 8, logprobs: null, end: "length" });
  assert.equal(cut.session.calls.length, 2);
  assert.equal((await collect(start([31], { maxTokens: 1 }).tokens)).at(-1)!.end, "stop");
});

test("generate() ends at any stop id", async () => {
  const ended = await collect(start([7, 5, 9], { stop: [31, 5] }).tokens);
  assert.deepEqual(
    ended.map(({ id }) => id),
    [7, 5],
  );
});

test("generate() stops between steps, when the signal aborts", async () => {
  const controller = new AbortController();
  const { session, tokens } = start([7, 8, 9, 10], { signal: controller.signal });
  const seen: Token[] = [];
  const reading = (async () => {
    for await (const token of tokens) {
      seen.push(token);
      if (seen.length === 2) controller.abort();
    }
  })();
  await assert.rejects(reading, { name: "AbortError" });
  assert.equal(seen.length, 2);
  assert.equal(session.calls.length, 2);
});
