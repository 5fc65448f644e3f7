import assert from "node:assert/strict";
import { test } from "node:test";
import type { Constraint } from "../../src/engine/frame.ts";
import { createSampler, type SamplingParams } from "../../src/sample/sampler.ts";
import { candidatesOf, math, TILE_ROWS } from "../fakes/session.ts";

const plain: SamplingParams = {
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logitBias: new Map(),
  seed: 1,
  topLogprobs: null,
};
const greedy = { ...plain, temperature: 0 };

const logitsAt = (step: number) => Array.from({ length: 100 }, (_, id) => 2 * Math.sin(id * 1.3 + step));

/** Chooses `count` tokens from logits that change with each step. */
async function run(params: SamplingParams, { count = 30, prompt = [] as number[], logits = logitsAt } = {}) {
  const sampler = createSampler(params, { math, tileRows: TILE_ROWS });
  sampler.see(prompt);
  const choices = [];
  for (let step = 0; step < count; step++) {
    const again = async (constraint: Constraint) => candidatesOf(logits(step), constraint);
    choices.push(await sampler.choose(candidatesOf(logits(step), sampler.constraint()), again));
  }
  return choices;
}
const ids = async (...args: Parameters<typeof run>) => (await run(...args)).map(({ id }) => id);

test("choose() takes the largest adjusted logit, the lower id of equals, when greedy", async () => {
  assert.deepEqual(await ids(greedy, { count: 1, logits: () => [1, 5, 5, 2] }), [1]);
  assert.deepEqual(
    await ids({ ...greedy, logitBias: new Map([[3, 100]]) }, { count: 1, logits: () => [1, 5, 5, 2] }),
    [3],
  );
  assert.deepEqual(await ids({ ...greedy, temperature: 1e-6 }), await ids(greedy));
  assert.equal(createSampler(greedy, { math, tileRows: 8 }).constraint().temperature, 0);
  assert.equal(createSampler(greedy, { math, tileRows: 8 }).constraint().top, 1);
});

test("choose() gives the same ids for the same seed, whatever runs beside it, and others for another seed", async () => {
  const alone = await ids(plain);
  const [beside] = await Promise.all([ids(plain), ids({ ...plain, seed: 2 }), ids({ ...plain, topK: 3 })]);
  assert.deepEqual(beside, alone);
  assert.notDeepEqual(await ids({ ...plain, seed: 2 }), alone);
});

test("choose() gives other ids each time, without a seed", async () => {
  assert.notDeepEqual(await ids({ ...plain, seed: null }), await ids({ ...plain, seed: null }));
});

test("choose() does not let log-probabilities change the choice", async () => {
  for (const params of [plain, greedy, { ...plain, topP: 0.9 }]) {
    assert.deepEqual(await ids({ ...params, topLogprobs: 5 }), await ids(params));
  }
});

test("choose() gives log-probabilities of the raw distribution, whatever the penalties and the temperature", async () => {
  const prompt = [3, 4, 5];
  const params = { ...plain, temperature: 0.5, topK: 20, repetitionPenalty: 1.5, frequencyPenalty: 1, topLogprobs: 3 };
  for (const [step, { id, logprobs }] of (
    await run({ ...params, logitBias: new Map([[7, 2]]) }, { prompt })
  ).entries()) {
    const logits = logitsAt(step);
    const logSum = Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0));
    const ranked = logits.map((x, i) => ({ id: i, logprob: x - logSum })).sort((a, b) => b.logprob - a.logprob);
    assert.ok(Math.abs(logprobs!.logprob - (logits[id]! - logSum)) < 1e-9);
    assert.deepEqual(
      logprobs!.top.map((other) => other.id),
      ranked.slice(0, 3).map((other) => other.id),
    );
    for (const [i, other] of logprobs!.top.entries()) assert.ok(Math.abs(other.logprob - ranked[i]!.logprob) < 1e-9);
  }
});

test("choose() gives no alternatives when none are wanted, and no log-probabilities when not asked", async () => {
  const [choice] = await run({ ...greedy, topLogprobs: 0 }, { count: 1 });
  assert.deepEqual(choice!.logprobs!.top, []);
  assert.equal((await run(greedy, { count: 1 }))[0]!.logprobs, null);
});

test("choose() applies bias, then repetition, then frequency and presence, as vLLM does", async () => {
  // Token 0 was in the prompt: (-1 + 3) / 2 = 1; after one choice of it: 1 - 0.5 - 0.25 = 0.25.
  const params = {
    ...greedy,
    repetitionPenalty: 2,
    presencePenalty: 0.25,
    frequencyPenalty: 0.5,
    logitBias: new Map([[0, 3]]),
  };
  const logits = () => [-1, 0.3, 0.9];
  assert.deepEqual(await ids(params, { count: 1, prompt: [0], logits }), [0]);
  // Then 0 has 0.25, 2 has 0.9; then 2 has 0.9 / 2 - 0.75, so 1 with 0.3 comes; then 0 again.
  assert.deepEqual(await ids(params, { count: 4, prompt: [0], logits }), [0, 2, 1, 0]);
});

test("choose() lets presence and frequency penalties see the answer only", async () => {
  const logits = () => [1, 0.9];
  const params = { ...greedy, presencePenalty: 1, frequencyPenalty: 1 };
  assert.deepEqual(await ids(params, { count: 2, prompt: [0, 0, 0], logits }), [0, 1]);
});

test("constraint() asks for the top_k at the temperature, and for the sums that the choice needs", () => {
  const asked = (params: Partial<SamplingParams>) =>
    createSampler({ ...plain, ...params }, { math, tileRows: 8 }).constraint();
  assert.deepEqual(asked({ topK: 20, temperature: 0.7, topLogprobs: 4 }), {
    ...{ temperature: 0.7, top: 20, topRaw: 4, rawSums: true, adjustedSums: false },
    ...{ adjustments: [], tile: -1, wanted: [] },
  });
  const sums = (params: Partial<SamplingParams>) => {
    const { rawSums, adjustedSums } = asked(params);
    return { rawSums, adjustedSums };
  };
  assert.deepEqual(sums({}), { rawSums: false, adjustedSums: true });
  assert.deepEqual(sums({ topP: 0.9 }), { rawSums: false, adjustedSums: true });
  assert.deepEqual(sums({ minP: 0.1, topP: 0.9 }), { rawSums: false, adjustedSums: false });
  assert.deepEqual(sums({ ...greedy, topLogprobs: 0 }), { rawSums: true, adjustedSums: false });
});

test("choose() asks again with the same adjustments, when a draw leads beyond the candidates", async () => {
  const logits = Array.from({ length: 2000 }, () => 1);
  const sampler = createSampler({ ...plain, logitBias: new Map([[1, -100]]) }, { math, tileRows: TILE_ROWS });
  const asked: Constraint[] = [];
  for (let i = 0; i < 20; i++) {
    const again = async (constraint: Constraint) => {
      asked.push(constraint);
      return candidatesOf(logits, constraint);
    };
    const { id } = await sampler.choose(candidatesOf(logits, sampler.constraint()), again);
    assert.notEqual(id, 1);
  }
  assert.ok(asked.length > 10);
  for (const { tile, top, adjustments } of asked) {
    assert.ok(tile >= 0);
    assert.equal(top, TILE_ROWS);
    assert.deepEqual(adjustments, [{ ids: Uint32Array.of(1), bias: -100, repetition: 1, subtract: 0 }]);
  }
});

test("choose() fails clearly, when no logit is a number", async () => {
  await assert.rejects(run(greedy, { count: 1, logits: () => [-Infinity, -Infinity] }), /No token can be chosen/);
});
