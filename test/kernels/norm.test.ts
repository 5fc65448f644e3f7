import assert from "node:assert/strict";
import { test } from "node:test";
import { BASE, HARD, kernelPair, normals } from "./pair.ts";

const EPS = 1e-6;
const pair = await kernelPair();
const [X, WEIGHT, OUT] = [BASE, BASE + 0x10_0000, BASE + 0x20_0000];

test("rms_norm() has the bits of the reference, over sizes", () => {
  for (const D of [4, 12, 36, 128, 896, 1536]) {
    for (const T of [1, 3, 7]) {
      pair.write(X, normals(T * D, D + T, 3));
      pair.write(WEIGHT, normals(D, D));
      pair.both((kernels) => kernels.rms_norm(OUT, X, WEIGHT, T, D, EPS));
      pair.same(OUT, T * D, `rms_norm T ${T} D ${D}`);
    }
  }
});

test("rms_norm() is within 1e-6 of the formula in double precision", () => {
  const D = 896;
  const x = normals(D, 5, 2);
  const weight = normals(D, 6);
  pair.write(X, x);
  pair.write(WEIGHT, weight);
  pair.wasm.rms_norm(OUT, X, WEIGHT, 1, D, EPS);
  const mean = x.reduce((sum, v) => sum + v * v, 0) / D;
  pair.floats(OUT, D).forEach((got, k) => {
    const expected = (x[k]! / Math.sqrt(mean + EPS)) * weight[k]!;
    assert.ok(Math.abs(got - expected) <= 1e-6 * Math.max(1, Math.abs(expected)), `number ${k}`);
  });
});

test("rms_norm() has the bits of the reference, for hard values", () => {
  const finite = HARD.filter(Number.isFinite);
  const rows = [...HARD.map((v) => [v, 1, -v, 0]), ...finite.map((v) => [v, v, v, v]), [0, 0, 0, 0]];
  pair.write(X, Float32Array.from(rows.flat()));
  pair.write(WEIGHT, Float32Array.of(1, -0, 1e30, 1e-30));
  pair.both((kernels) => kernels.rms_norm(OUT, X, WEIGHT, rows.length, 4, EPS));
  pair.same(OUT, rows.length * 4, "rms_norm of hard values");
});

test("rms_norm() gives the same row alone as among others, and in place", () => {
  const [T, D] = [5, 64];
  pair.write(X, normals(T * D, 9));
  pair.write(WEIGHT, normals(D, 10));
  pair.wasm.rms_norm(OUT, X, WEIGHT, T, D, EPS);
  const together = pair.floats(OUT, T * D);
  for (let t = 0; t < T; t++) pair.wasm.rms_norm(X + t * D * 4, X + t * D * 4, WEIGHT, 1, D, EPS);
  assert.deepEqual(pair.floats(X, T * D), together);
});
