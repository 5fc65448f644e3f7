import assert from "node:assert/strict";
import { test } from "node:test";
import { philox4x32, randomSeed, uniform } from "../../src/sample/random.ts";

test("philox4x32() gives the vectors of the reference implementation (Random123, kat_vectors)", () => {
  const ones = 0xffffffff;
  assert.deepEqual(philox4x32([0, 0, 0, 0], [0, 0]), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
  assert.deepEqual(
    philox4x32([ones, ones, ones, ones], [ones, ones]),
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  );
  assert.deepEqual(
    philox4x32([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]),
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  );
});

test("uniform() lies in [0, 1), spreads evenly, and depends on seed and step alone", () => {
  const bins = new Array<number>(10).fill(0);
  for (let step = 0; step < 10_000; step++) {
    const u = uniform(42, step);
    assert.ok(u >= 0 && u < 1);
    bins[Math.floor(u * 10)]!++;
  }
  for (const count of bins) assert.ok(count > 900 && count < 1100, `${bins}`);
  assert.equal(uniform(42, 7), uniform(42, 7));
  const distinct = [
    uniform(42, 7),
    uniform(42, 8),
    uniform(43, 7),
    uniform(-1, 7),
    uniform(2 ** 53 - 1, 7),
    uniform(42 + 2 ** 32, 7),
  ];
  assert.equal(new Set(distinct).size, distinct.length);
});

test("randomSeed() is a safe integer, another one each time", () => {
  const seeds = Array.from({ length: 20 }, randomSeed);
  assert.ok(seeds.every((seed) => Number.isSafeInteger(seed) && seed >= 0));
  assert.equal(new Set(seeds).size, seeds.length);
});
