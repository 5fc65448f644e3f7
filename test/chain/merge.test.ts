import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeResults } from "../../src/chain/merge.ts";
import type { HeadResult } from "../../src/engine/frame.ts";

const math = { exp: Math.exp, log: Math.log };
const constraint = {
  temperature: 0.5,
  top: 3,
  topRaw: 2,
  rawSums: true,
  adjustedSums: true,
  adjustments: [],
  tile: -1,
  wanted: [],
};

const part = (top: [number, number][], sums: number[]): HeadResult => ({
  top: top.map(([id, logit]) => ({ id, logit, adjusted: logit })),
  topRaw: top.map(([id, logit]) => ({ id, logit })),
  wanted: [],
  rawSums: Float32Array.from(sums),
  adjustedSums: Float32Array.from(sums),
});

test("mergeResults() orders by logit, ties by lower id, and cuts to what was asked", () => {
  const merged = mergeResults(
    [
      part(
        [
          [2, 5],
          [0, 1],
        ],
        [5, 1],
      ),
      part(
        [
          [9, 5],
          [8, 4],
        ],
        [5, 1],
      ),
    ],
    constraint,
    math,
  );
  assert.deepEqual(
    merged.top.map((c) => c.id),
    [2, 9, 8],
  );
  assert.deepEqual(
    merged.topRaw.map((c) => c.id),
    [2, 9],
  );
});

test("mergeResults() gives the same bits wherever the table is cut", () => {
  const tiles = Array.from({ length: 24 }, (_, i) => [Math.sin(i) * 9, 1 + Math.cos(i) ** 2]);
  const cut = (...at: number[]) =>
    [0, ...at].map((first, i) => part([], tiles.slice(first, at[i] ?? tiles.length).flat()));
  const whole = mergeResults(cut(), constraint, math);
  for (const parts of [cut(1), cut(7, 8), cut(3, 5, 20)]) {
    const merged = mergeResults(parts, constraint, math);
    assert.equal(merged.rawLogSum, whole.rawLogSum);
    assert.equal(merged.adjustedLogSum, whole.adjustedLogSum);
  }
});

test("mergeResults() passes over tiles that hold nothing but padding", () => {
  const merged = mergeResults([part([[1, 2]], [2, 1, Number.NEGATIVE_INFINITY, 0])], constraint, math);
  assert.equal(merged.rawLogSum, 2);
});
