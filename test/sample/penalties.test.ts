import assert from "node:assert/strict";
import { test } from "node:test";
import { Penalties } from "../../src/sample/penalties.ts";

const none = { repetitionPenalty: 1, presencePenalty: 0, frequencyPenalty: 0, logitBias: new Map<number, number>() };

/** What is done to each id, by id. */
const byId = (penalties: Penalties) =>
  penalties.adjustments
    .flatMap(({ ids, ...change }) => [...ids].map((id) => ({ id, ...change })))
    .sort((a, b) => a.id - b.id);

test("Penalties has nothing to adjust, when nothing is asked", () => {
  const penalties = new Penalties(none);
  penalties.see([1, 2]);
  penalties.count(3);
  assert.deepEqual(penalties.adjustments, []);
});

test("Penalties lets repetition see prompt and answer, presence and frequency the answer", () => {
  const penalties = new Penalties({
    repetitionPenalty: 1.1,
    presencePenalty: 0.5,
    frequencyPenalty: 0.25,
    logitBias: new Map([
      [9, -100],
      [2, 3],
    ]),
  });
  assert.deepEqual(byId(penalties), [
    { id: 2, bias: 3, repetition: 1, subtract: 0 },
    { id: 9, bias: -100, repetition: 1, subtract: 0 },
  ]);
  penalties.see([1, 2, 1]);
  for (const id of [2, 5, 2]) penalties.count(id);
  assert.deepEqual(byId(penalties), [
    { id: 1, bias: 0, repetition: 1.1, subtract: 0 },
    { id: 2, bias: 3, repetition: 1.1, subtract: 1 },
    { id: 5, bias: 0, repetition: 1.1, subtract: 0.75 },
    { id: 9, bias: -100, repetition: 1, subtract: 0 },
  ]);
});

test("Penalties gives an id one entry, however often it comes, and no entry without ids", () => {
  const penalties = new Penalties({ ...none, repetitionPenalty: 1.3, frequencyPenalty: -1 });
  penalties.see(Array.from({ length: 4096 }, (_, i) => i));
  for (let i = 0; i < 10_000; i++) penalties.count(i % 5000);
  const all = byId(penalties);
  assert.deepEqual(
    all.map(({ id }) => id),
    Array.from({ length: 5000 }, (_, i) => i),
  );
  for (const { id, ...change } of all) assert.deepEqual(change, { bias: 0, repetition: 1.3, subtract: -2 }, `${id}`);
  assert.equal(penalties.adjustments.length, 2);
});

test("Penalties adjusts together what is adjusted alike, its ids ascending; what came before stays as it was", () => {
  const logitBias = new Map([7, 3, 5].map((id) => [id, -100]));
  const penalties = new Penalties({ ...none, repetitionPenalty: 1.1, logitBias });
  const before = penalties.adjustments;
  penalties.see([30, 3, 10]);
  const after = penalties.adjustments;
  const bias = { bias: -100, repetition: 1, subtract: 0 };
  assert.deepEqual(before, [{ ids: Uint32Array.of(3, 5, 7), ...bias }]);
  assert.deepEqual(after, [
    { ids: Uint32Array.of(5, 7), ...bias },
    { ids: Uint32Array.of(10, 30), bias: 0, repetition: 1.1, subtract: 0 },
    { ids: Uint32Array.of(3), ...bias, repetition: 1.1 },
  ]);
});

test("Penalties makes a prompt's list once: with a repetition penalty alone, no token of the answer changes it", () => {
  const penalties = new Penalties({ ...none, repetitionPenalty: 1.1 });
  penalties.see([4, 2, 8]);
  const [prompt] = penalties.adjustments;
  for (const id of [2, 6, 8, 6, 1]) penalties.count(id);
  const [same, answer] = penalties.adjustments;
  assert.equal(same, prompt);
  assert.deepEqual(answer, { ids: Uint32Array.of(1, 6), bias: 0, repetition: 1.1, subtract: 0 });
});
