import assert from "node:assert/strict";
import { test } from "node:test";
import { bf16, packMatrix } from "../../scripts/pack/matrix.ts";
import { q4, quantizeQ4 } from "../../scripts/pack/q4.ts";
import { makeRandom, readPacked } from "./model.ts";

const onBadRow = (row: number): never => {
  throw new RangeError(`row ${row}`);
};
const errorOf = (w: Float32Array, integer: (i: number) => number, scale: number): number =>
  w.reduce((sum, x, i) => sum + (x - scale * integer(i)) ** 2, 0);

/** The least squared error over a dense grid of bf16 scales of both signs. */
function leastError(w: Float32Array): number {
  const max = w.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
  let least = Number.POSITIVE_INFINITY;
  for (let k = 0; k < 800; k++) {
    for (const sign of [-1, 1]) {
      const scale = bf16((sign * max) / (4 + k / 100));
      const nearest = (i: number) => Math.max(-8, Math.min(7, Math.round(w[i]! / scale)));
      least = Math.min(least, errorOf(w, nearest, scale));
    }
  }
  return least;
}

test("quantizeQ4() comes within half a percent of the least squared error", () => {
  const random = makeRandom(7);
  const q = new Int8Array(32);
  let found = 0;
  let least = 0;
  for (let block = 0; block < 60; block++) {
    const w = Float32Array.from({ length: 32 }, () => (random() + random() + random()) ** (block % 2 ? 1 : 3));
    const scale = quantizeQ4(w, 0, q);
    assert.equal(scale, bf16(scale));
    found += errorOf(w, (i) => q[i]!, scale);
    least += leastError(w);
  }
  assert.ok(found <= 1.005 * least, `${found} against ${least}`);
});

test("quantizeQ4() uses -8 for the largest weight, of either sign", () => {
  const q = new Int8Array(32);
  for (const sign of [1, -1]) {
    const w = Float32Array.from({ length: 32 }, (_, i) => sign * ((i % 16) - 8));
    assert.equal(quantizeQ4(w, 0, q), sign);
    assert.deepEqual(
      [...q],
      [...w].map((x) => sign * x),
    );
  }
});

test("quantizeQ4() keeps zeros, single weights and tiny or huge blocks", () => {
  const q = new Int8Array(32);
  assert.equal(quantizeQ4(new Float32Array(32), 0, q), 0);
  assert.deepEqual(q, new Int8Array(32));
  for (const x of [1, -1, 1e-30, 1e30, 2e38]) {
    const w = new Float32Array(32);
    w[5] = x;
    const scale = quantizeQ4(w, 0, q);
    assert.ok(Math.abs(scale * q[5]! - x) <= Math.abs(x) / 256, `${x}: ${scale} x ${q[5]}`);
  }
});

test("packMatrix() in q4 puts every integer where docs/format.md says", () => {
  const [N, K] = [10, 96];
  const random = makeRandom(3);
  // Integers times a scale that bf16 holds, with a -8 in each block: the only exact answer.
  const integers = Int8Array.from({ length: N * K }, (_, i) => (i % 32 === 9 ? -8 : Math.floor(7.99 * random())));
  const f32 = Float32Array.from(integers, (n, i) => n * (1 + ((i >> 5) % 7)) * 0.125);
  const bytes = packMatrix(q4, { f32 }, { count: N, K, onBadRow });
  assert.equal(bytes.length, (16 / 4) * 3 * 72);
  const packed = readPacked(bytes, "q4", [N, K]);
  assert.deepEqual(packed.integers.subarray(0, N * K), integers);
  assert.deepEqual(
    [...packed.scales.subarray(0, (N * K) / 32)],
    Array.from({ length: 30 }, (_, b) => (1 + (b % 7)) * 0.125),
  );
  assert.ok(packed.integers.subarray(N * K).every((n) => n === 0));
  assert.ok(packed.scales.subarray((N * K) / 32).every((s) => s === 0));
});

test("packMatrix() gives the same bytes by slabs of 8 rows", () => {
  const [N, K] = [20, 64];
  const random = makeRandom(4);
  const f32 = Float32Array.from({ length: N * K }, random);
  const whole = packMatrix(q4, { f32 }, { count: N, K, onBadRow });
  const slabs = [0, 8, 16].map((first) => {
    const count = Math.min(8, N - first);
    return packMatrix(q4, { f32: f32.slice(first * K, (first + count) * K) }, { count, K, onBadRow });
  });
  assert.deepEqual(Buffer.concat(slabs), Buffer.from(whole));
});

test("packMatrix() reports the row that holds NaN or infinity", () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const f32 = new Float32Array(5 * 32);
    f32[3 * 32 + 7] = bad;
    assert.throws(() => packMatrix(q4, { f32 }, { count: 5, K: 32, onBadRow }), /row 3/);
  }
});
