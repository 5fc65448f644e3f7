import assert from "node:assert/strict";
import { test } from "node:test";
import { BASE, HARD, kernelPair, normals } from "./pair.ts";

const pair = await kernelPair();
const [A, B, OUT] = [BASE, BASE + 0x10_0000, BASE + 0x20_0000];

/** Every hard value against every other, and each against its like. */
const pairs = HARD.flatMap((a) => HARD.map((b) => [a, b] as const));

test("add() has the bits of the reference, over sizes and hard values", () => {
  for (const n of [4, 8, 60, 896, 4864]) {
    pair.write(A, normals(n, n));
    pair.write(B, normals(n, n + 1, 1e3));
    pair.both((kernels) => kernels.add(A, B, n));
    pair.same(A, n, `add of ${n}`);
  }
  pair.write(
    A,
    Float32Array.from(pairs, ([a]) => a),
  );
  pair.write(
    B,
    Float32Array.from(pairs, ([, b]) => b),
  );
  pair.both((kernels) => kernels.add(A, B, pairs.length));
  pair.same(A, pairs.length, "add of hard values");
});

test("subtract_row() takes one row from every row, with the bits of the reference", () => {
  for (const [T, n] of [
    [1, 4],
    [3, 128],
    [5, 64],
  ] as const) {
    const [x, row] = [normals(T * n, n), normals(n, T)];
    pair.write(A, x);
    pair.write(B, row);
    pair.both((kernels) => kernels.subtract_row(A, B, T, n));
    const found = pair.same(A, T * n, `subtract_row of ${T}`);
    assert.deepEqual(
      found,
      x.map((v, i) => v - row[i % n]!),
    );
  }
});

test("swiglu() has the bits of the reference, over sizes and hard values", () => {
  for (const n of [4, 8, 60, 896, 4864]) {
    pair.write(A, normals(n, n, 10));
    pair.write(B, normals(n, n + 1));
    pair.both((kernels) => kernels.swiglu(OUT, A, B, n));
    pair.same(OUT, n, `swiglu of ${n}`);
  }
  pair.write(
    A,
    Float32Array.from(pairs, ([a]) => a),
  );
  pair.write(
    B,
    Float32Array.from(pairs, ([, b]) => b),
  );
  pair.both((kernels) => kernels.swiglu(OUT, A, B, pairs.length));
  pair.same(OUT, pairs.length, "swiglu of hard values");
});

test("swiglu() is silu(gate) * up, within 3e-7 of double precision", () => {
  const n = 1024;
  const gate = normals(n, 1, 8);
  const up = normals(n, 2);
  pair.write(A, gate);
  pair.write(B, up);
  pair.wasm.swiglu(OUT, A, B, n);
  pair.floats(OUT, n).forEach((got, i) => {
    const expected = (gate[i]! / (1 + Math.exp(-gate[i]!))) * up[i]!;
    assert.ok(Math.abs(got - expected) <= 3e-7 * Math.abs(expected), `${got} for ${expected}`);
  });
});
