import assert from "node:assert/strict";
import { test } from "node:test";
import { BASE, HARD, kernelPair, normals } from "./pair.ts";

const pair = await kernelPair();
const [FREQUENCIES, POSITIONS, ANGLES, X] = [BASE, BASE + 0x1000, BASE + 0x2000, BASE + 0x10_0000];
const THETA = 1_000_000;

/** f32 ulps between two floats of both memories, the largest over n of them. */
function largestDistance(offset: number, n: number): number {
  const [wasm, reference] = pair.memories.map((memory) => new Float32Array(memory.buffer, offset, n));
  return wasm!.reduce((worst, got, i) => {
    const expected = reference![i]!;
    if (got === expected) return worst;
    const ulp = 2 ** Math.max(-149, Math.floor(Math.log2(Math.abs(expected))) - 23);
    return Math.max(worst, Math.abs(got - expected) / ulp);
  }, 0);
}

test("rope_frequencies() is theta^(-2j/Dh) within 1 ulp", () => {
  for (const theta of [10_000, THETA]) {
    for (const Dh of [32, 64, 128]) {
      pair.both((kernels) => kernels.rope_frequencies(FREQUENCIES, Dh, theta));
      assert.ok(largestDistance(FREQUENCIES, Dh / 2) <= 1);
      assert.equal(pair.floats(FREQUENCIES, 1)[0], 1);
    }
  }
});

test("rope_angles() gives cosines and sines within 1 ulp, up to position 2^20", () => {
  const Dh = 128;
  const positions = Uint32Array.of(0, 1, 2, 31, 32, 1_000, 4_095, 32_767, 131_072, 2 ** 20 - 1, 2 ** 20);
  pair.both((kernels) => kernels.rope_frequencies(FREQUENCIES, Dh, THETA));
  pair.write(FREQUENCIES, pair.floats(FREQUENCIES, Dh / 2)); // the same angles for both
  pair.write(POSITIONS, positions);
  pair.both((kernels) => kernels.rope_angles(ANGLES, FREQUENCIES, POSITIONS, positions.length, Dh));
  assert.ok(largestDistance(ANGLES, positions.length * Dh) <= 1);
  assert.deepEqual(pair.floats(ANGLES, Dh), new Float32Array(Dh).fill(1, 0, Dh / 2));
});

test("rope() has the bits of the reference, over shapes and hard values", () => {
  for (const [T, heads, Dh] of [
    [1, 1, 32],
    [1, 14, 64],
    [3, 2, 64],
    [2, 12, 128],
  ] as const) {
    pair.write(X, normals(T * heads * Dh, Dh));
    pair.write(ANGLES, normals(T * Dh, T));
    pair.both((kernels) => kernels.rope(X, ANGLES, T, heads, Dh));
    pair.same(X, T * heads * Dh, `rope T ${T} heads ${heads} Dh ${Dh}`);
  }
  pair.write(
    X,
    Float32Array.from({ length: 32 * HARD.length }, (_, i) => HARD[(i * 7 + (i >> 4)) % HARD.length]!),
  );
  pair.write(ANGLES, normals(32, 1));
  pair.both((kernels) => kernels.rope(X, ANGLES, 1, HARD.length, 32));
  pair.same(X, 32 * HARD.length, "rope of hard values");
});

test("rope() turns by the position: scores depend on the distance alone", () => {
  const Dh = 64;
  const q = normals(Dh, 1);
  const k = normals(Dh, 2);
  const rotated = (x: Float32Array, position: number) => {
    pair.write(X, x);
    pair.write(POSITIONS, Uint32Array.of(position));
    pair.wasm.rope_frequencies(FREQUENCIES, Dh, THETA);
    pair.wasm.rope_angles(ANGLES, FREQUENCIES, POSITIONS, 1, Dh);
    pair.wasm.rope(X, ANGLES, 1, 1, Dh);
    return pair.floats(X, Dh);
  };
  const score = (i: number, j: number) => {
    const key = rotated(k, j);
    return rotated(q, i).reduce((sum, v, d) => sum + v * key[d]!, 0);
  };
  assert.ok(Math.abs(score(7, 3) - score(1_007, 1_003)) < 1e-3);
  assert.ok(Math.abs(score(7, 3) - score(7, 0)) > 1e-2);
});
