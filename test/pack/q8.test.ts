import assert from "node:assert/strict";
import { test } from "node:test";
import { bf16, packMatrix } from "../../scripts/pack/matrix.ts";
import { q8, quantizeQ8 } from "../../scripts/pack/q8.ts";
import { makeRandom, readPacked } from "./model.ts";

const onBadRow = (row: number): never => {
  throw new RangeError(`row ${row}`);
};

test("bf16() rounds to nearest, ties to even", () => {
  const cases: [number, number][] = [
    [1, 1],
    [1 + 2 ** -8, 1], // a tie: the even one is below
    [1 + 3 * 2 ** -8, 1 + 2 ** -6], // a tie: the even one is above
    [1 + 2 ** -8 + 2 ** -20, 1 + 2 ** -7],
    [-1 - 3 * 2 ** -8, -1 - 2 ** -6],
    [0, 0],
  ];
  for (const [x, expected] of cases) assert.equal(bf16(x), expected);
});

test("quantizeQ8() stays in -127..127 and errs by half a step at most, for scales of any size", () => {
  const random = makeRandom(11);
  const q = new Int8Array(32);
  for (let block = 0; block < 2_000; block++) {
    const size = 2 ** (76 * random() + 50);
    const w = Float32Array.from({ length: 32 }, () => random() * size);
    const scale = quantizeQ8(w, 0, q);
    assert.equal(scale, bf16(scale));
    for (let i = 0; i < 32; i++) {
      assert.ok(q[i]! >= -127, `${q[i]}`);
      assert.ok(Math.abs(w[i]! - scale * q[i]!) <= scale * 0.5 * (1 + 1e-9), `${w[i]} ${scale} ${q[i]}`);
    }
  }
});

test("quantizeQ8() does not leave the range where the scale is denormal", () => {
  const q = new Int8Array(32);
  for (const max of [1e-45, 1e-43, 1.2e-38, 1e-40, 3e-39]) {
    const w = new Float32Array(32).fill(max);
    const scale = quantizeQ8(w, 0, q);
    assert.ok(max / scale < 127.5, `${max} / ${scale}`);
    assert.ok(Math.abs(w[0]! - scale * q[0]!) <= scale / 2);
  }
  assert.equal(quantizeQ8(new Float32Array(32), 0, q), 0);
});

test("packMatrix() in q8 puts every integer where docs/format.md says", () => {
  const [N, K] = [9, 64];
  const random = makeRandom(5);
  const integers = Int8Array.from({ length: N * K }, (_, i) => (i % 32 === 3 ? 127 : Math.round(127 * random())));
  const f32 = Float32Array.from(integers, (n, i) => n * (1 + ((i >> 5) % 5)) * 0.25);
  const bytes = packMatrix(q8, { f32 }, { count: N, K, onBadRow });
  assert.equal(bytes.length, (16 / 4) * 2 * 136);
  const packed = readPacked(bytes, "q8", [N, K]);
  assert.deepEqual(packed.integers.subarray(0, N * K), integers);
  assert.ok(packed.integers.subarray(N * K).every((n) => n === 0));
  assert.ok(packed.scales.subarray((N * K) / 32).every((s) => s === 0));
});

test("packMatrix() keeps -128 of a stored block", () => {
  const stored = new Uint8Array(34).fill(0x80);
  const bytes = packMatrix(q8, { stored, scales: Float32Array.of(1 + 2 ** -10) }, { count: 1, K: 32, onBadRow });
  const { integers, scales } = readPacked(bytes, "q8", [1, 32]);
  assert.ok(integers.subarray(0, 32).every((n) => n === -128));
  assert.equal(scales[0], 1);
  const infinite = { stored, scales: Float32Array.of(Number.POSITIVE_INFINITY) };
  assert.throws(() => packMatrix(q8, infinite, { count: 1, K: 32, onBadRow }), /row 0/);
});
