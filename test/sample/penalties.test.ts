import assert from "node:assert/strict";
import { test } from "node:test";
import { Penalties } from "../../src/sample/penalties.ts";

const none = { repetitionPenalty: 1, presencePenalty: 0, frequencyPenalty: 0, logitBias: new Map<number, number>() };

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
  penalties.see([1, 2, 1]);
  for (const id of [2, 5, 2]) penalties.count(id);
  assert.deepEqual(
    [...penalties.adjustments].sort((a, b) => a.id - b.id),
    [
      { id: 1, bias: 0, repetition: 1.1, subtract: 0 },
      { id: 2, bias: 3, repetition: 1.1, subtract: 1 },
      { id: 5, bias: 0, repetition: 1.1, subtract: 0.75 },
      { id: 9, bias: -100, repetition: 1, subtract: 0 },
    ],
  );
});

test("Penalties gives an id one entry, however often it comes", () => {
  const penalties = new Penalties({ ...none, repetitionPenalty: 1.3, frequencyPenalty: -1 });
  penalties.see(Array.from({ length: 4096 }, (_, i) => i));
  for (let i = 0; i < 5000; i++) penalties.count(i % 5000);
  assert.equal(penalties.adjustments.length, 5000);
  assert.deepEqual(penalties.adjustments[4999], { id: 4999, bias: 0, repetition: 1.3, subtract: -1 });
});
