import assert from "node:assert/strict";
import { test } from "node:test";
import { type DrawParams, draw, firstTop, MAX_TOP } from "../../src/sample/draw.ts";
import { candidatesOf, math } from "../fakes/session.ts";

const TEMPERATURE = 0.8;
const plain: DrawParams = { temperature: TEMPERATURE, topK: 0, topP: 1, minP: 0 };
const constraint = {
  temperature: TEMPERATURE,
  top: 0,
  topRaw: 0,
  rawSums: true,
  adjustedSums: true,
  adjustments: [],
  tile: -1,
  wanted: [],
};

/** Draws for evenly spaced u; gives each id's share and the calls for more. */
async function shares(
  logits: readonly number[],
  params: DrawParams,
  { first = firstTop(params), draws = 4000, tileRows = 8 } = {},
) {
  const counts = new Map<number, number>();
  const asked: object[] = [];
  const candidates = candidatesOf(logits, { ...constraint, top: first }, tileRows);
  const answers = new Map<string, typeof candidates>();
  for (let i = 0; i < draws; i++) {
    const again = async (change: { top: number } | { tile: number }) => {
      asked.push(change);
      const key = JSON.stringify(change);
      const answer = answers.get(key) ?? candidatesOf(logits, { ...constraint, top: tileRows, ...change }, tileRows);
      answers.set(key, answer);
      return answer;
    };
    const { id } = await draw(candidates, params, (i + 0.5) / draws, { math, tileRows, again });
    counts.set(id, (counts.get(id) ?? 0) + 1 / draws);
  }
  return { shares: counts, asked };
}

/** vLLM's order, written plainly: temperature, min_p, top_k, top_p. */
function expected(logits: readonly number[], { temperature, topK, topP, minP }: DrawParams): Map<number, number> {
  const best = Math.max(...logits);
  let kept = logits.map((logit, id) => ({ id, p: Math.exp((logit - best) / temperature) }));
  kept.sort((a, b) => b.p - a.p || a.id - b.id);
  kept = kept.filter(({ p }) => p >= minP);
  if (topK > 0) kept = kept.slice(0, topK);
  const mass = kept.reduce((sum, { p }) => sum + p, 0);
  let before = 0;
  const nucleus = kept.filter(({ p }, i) => {
    const isIn = i === 0 || before < topP * mass;
    before += p;
    return isIn;
  });
  const total = nucleus.reduce((sum, { p }) => sum + p, 0);
  return new Map(nucleus.map(({ id, p }) => [id, p / total]));
}

function assertShares(actual: Map<number, number>, wanted: Map<number, number>, draws = 4000) {
  for (const [id, share] of actual) assert.ok(wanted.has(id), `id ${id} was drawn (${share}) and must not be`);
  for (const [id, p] of wanted) {
    // An interval of length p holds p * draws evenly spaced points, give or take one at each end.
    assert.ok(Math.abs((actual.get(id) ?? 0) - p) <= 2 / draws, `id ${id}: ${actual.get(id)} is not ${p}`);
  }
}

const logits = Array.from({ length: 40 }, (_, id) => 3 * Math.sin(id * 12.9898) + (id % 7) / 3);

for (const [name, change] of Object.entries({
  "the temperature alone": {},
  top_k: { topK: 5 },
  "top_k of 1": { topK: 1 },
  top_p: { topP: 0.7 },
  "top_p of 0": { topP: 0 },
  min_p: { minP: 0.2 },
  "min_p, top_k and top_p": { minP: 0.05, topK: 9, topP: 0.8 },
  "min_p and top_p": { minP: 0.02, topP: 0.9 },
  "top_k above the table": { topK: 1000, topP: 0.9 },
})) {
  test(`draw() gives each id its exact share of u, with ${name}`, async () => {
    const params = { ...plain, ...change };
    const { shares: actual, asked } = await shares(logits, params);
    assertShares(actual, expected(logits, params));
    assert.deepEqual(asked, []);
  });
}

test("draw() gives each id its exact share, when most of them lie beyond the candidates", async () => {
  // 1,000 nearly equal logits: 256 candidates hold a quarter of the mass.
  const many = Array.from({ length: 1000 }, (_, id) => Math.sin(id) / 4);
  const wide = await shares(many, plain, { draws: 20_000, tileRows: 64 });
  assertShares(wide.shares, expected(many, plain), 20_000);
  assert.ok(wide.asked.every((change) => "tile" in change));
  assert.ok(wide.asked.length > 10_000);
});

test("draw() asks for more candidates, when the nucleus does not fit the first", async () => {
  const many = Array.from({ length: 3000 }, (_, id) => Math.sin(id) / 4);
  const params = { ...plain, topP: 0.2 };
  const { shares: actual, asked } = await shares(many, params, { draws: 4000 });
  assertShares(actual, expected(many, params));
  assert.deepEqual(asked[0], { top: 1024 });
  assert.equal(asked.length, 4000);
});

test("draw() asks for more candidates, when min_p keeps more than the first", async () => {
  const many = Array.from({ length: 1500 }, (_, id) => Math.sin(id));
  const params = { ...plain, minP: 0.3 };
  const { shares: actual, asked } = await shares(many, params, { draws: 500 });
  assertShares(actual, expected(many, params), 500);
  assert.deepEqual(asked.slice(0, 1), [{ top: 1024 }]);
});

test("draw() cuts a nucleus and a top_k at 2,048 candidates", async () => {
  const many = Array.from({ length: 5000 }, (_, id) => -id / 1e6);
  for (const params of [
    { ...plain, topP: 0.99 },
    { ...plain, topK: 4000 },
    { ...plain, minP: 0.1 },
  ]) {
    const { shares: actual, asked } = await shares(many, params, { draws: 100 });
    assert.ok([...actual.keys()].every((id) => id < MAX_TOP));
    assert.ok(Math.max(...actual.keys()) > MAX_TOP - 50);
    assert.ok(asked.every((change) => "top" in change && (change.top as number) <= MAX_TOP));
  }
});

test("draw() gives the same id from a short list and from a long one", async () => {
  const many = Array.from({ length: 3000 }, (_, id) => 6 * Math.sin(id * 1.7));
  const params = { ...plain, topP: 0.6 };
  const ask = async (top: number, u: number) => {
    const context = {
      math,
      tileRows: 8,
      again: async (change: object) => candidatesOf(many, { ...constraint, top: 0, ...change }),
    };
    return (await draw(candidatesOf(many, { ...constraint, top }), params, u, context)).id;
  };
  for (let i = 0; i < 50; i++) assert.equal(await ask(256, i / 50), await ask(2048, i / 50));
});

test("draw() never gives a token whose logit is -infinity, nor trips over rounding at the ends of u", async () => {
  const masked = logits.map((logit, id) => (id % 2 ? -Infinity : logit));
  const tight = candidatesOf(masked, { ...constraint, top: 3 });
  for (const u of [0, 1 - 2 ** -53, 0.5]) {
    for (const change of [{}, { topP: 0.999 }, { topK: 3 }]) {
      const again = async (more: object) => candidatesOf(masked, { ...constraint, top: 8, ...more });
      const { id } = await draw(tight, { ...plain, ...change }, u, { math, tileRows: 8, again });
      assert.equal(id % 2, 0);
    }
  }
});
