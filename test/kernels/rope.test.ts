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

test("rope_frequencies_yarn() keeps fast dimensions, divides slow ones, and is within 1 ulp of the reference", () => {
  for (const [Dh, theta, factor, original, beta_fast, beta_slow] of [
    [128, THETA, 4, 32_768, 32, 1],
    [64, THETA, 4, 32_768, 32, 1],
    [64, 10_000, 2.5, 4_096, 16, 2],
    [32, 10_000, 8, 64, 32, 1],
    [32, 10_000, 1, 64, 32, 1],
  ] as const) {
    pair.both((kernels) => kernels.rope_frequencies(FREQUENCIES, Dh, theta));
    const plain = pair.floats(FREQUENCIES, Dh / 2 + 1);
    assert.equal(plain[Dh / 2], 1);
    pair.both((k) => k.rope_frequencies_yarn(FREQUENCIES, Dh, theta, factor, original, beta_fast, beta_slow, 0));
    assert.ok(largestDistance(FREQUENCIES, Dh / 2 + 1) <= 1);
    const found = pair.floats(FREQUENCIES, Dh / 2 + 1);
    assert.equal(found[Dh / 2], Math.fround(0.1 * Math.log(factor) + 1));
    for (let j = 0; j < Dh / 2; j++) {
      const turns = (original * plain[j]!) / (2 * Math.PI);
      // A dimension's own turns decide; the ramp's ends are whole dimensions, so those beside them are left out.
      const step = theta ** (2 / Dh);
      if (turns > beta_fast * step) assert.equal(found[j], plain[j]);
      if (turns * step < beta_slow) assert.ok(Math.abs(found[j]! / (plain[j]! / factor) - 1) < 1e-6, `dimension ${j}`);
      assert.ok(found[j]! <= plain[j]! && found[j]! >= (plain[j]! / factor) * (1 - 1e-6));
    }
  }
  pair.wasm.rope_frequencies_yarn(FREQUENCIES, 64, THETA, 4, 32_768, 32, 1, 0.75);
  assert.equal(pair.floats(FREQUENCIES, 33)[32], 0.75);
});

test("rope_scale() multiplies by 1 up to the trained length, then by the logarithm", () => {
  const Dh = 32;
  const positions = Uint32Array.of(0, 998, 999, 1_000, 9_999, 2 ** 20);
  pair.write(POSITIONS, positions);
  pair.write(ANGLES, new Float32Array(positions.length * Dh).fill(1));
  pair.both((kernels) => kernels.rope_scale(ANGLES, POSITIONS, positions.length, Dh, 1_000));
  assert.ok(largestDistance(ANGLES, positions.length * Dh) <= 1);
  const found = pair.floats(ANGLES, positions.length * Dh);
  for (const [t, position] of positions.entries()) {
    const expected = Math.max(1, 0.1 * Math.log((position + 1) / 1_000) + 1);
    for (const x of found.subarray(t * Dh, (t + 1) * Dh)) assert.ok(Math.abs(x - expected) < 1e-6, `${position}: ${x}`);
  }
  assert.equal(found[2 * Dh], 1);
  assert.ok(found[3 * Dh]! > 1);
});

test("rope_angles() gives cosines and sines within 1 ulp, up to position 2^20", () => {
  const Dh = 128;
  const positions = Uint32Array.of(0, 1, 2, 31, 32, 1_000, 4_095, 32_767, 131_072, 2 ** 20 - 1, 2 ** 20);
  pair.both((kernels) => kernels.rope_frequencies(FREQUENCIES, Dh, THETA));
  pair.write(FREQUENCIES, pair.floats(FREQUENCIES, Dh / 2 + 1)); // the same angles for both
  pair.write(POSITIONS, positions);
  pair.both((kernels) => kernels.rope_angles(ANGLES, FREQUENCIES, POSITIONS, positions.length, Dh));
  assert.ok(largestDistance(ANGLES, positions.length * Dh) <= 1);
  assert.deepEqual(pair.floats(ANGLES, Dh), new Float32Array(Dh).fill(1, 0, Dh / 2));
  const plain = pair.floats(ANGLES, positions.length * Dh);
  pair.write(FREQUENCIES + (Dh / 2) * 4, Float32Array.of(1.25)); // what stands behind the frequencies multiplies
  pair.both((kernels) => kernels.rope_angles(ANGLES, FREQUENCIES, POSITIONS, positions.length, Dh));
  assert.deepEqual(
    pair.floats(ANGLES, positions.length * Dh),
    plain.map((x) => x * 1.25),
  );
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
    pair.both((kernels) => kernels.rope(X, X, ANGLES, T, heads, Dh));
    pair.same(X, T * heads * Dh, `rope T ${T} heads ${heads} Dh ${Dh}`);
  }
  pair.write(
    X,
    Float32Array.from({ length: 32 * HARD.length }, (_, i) => HARD[(i * 7 + (i >> 4)) % HARD.length]!),
  );
  pair.write(ANGLES, normals(32, 1));
  pair.both((kernels) => kernels.rope(X, X, ANGLES, 1, HARD.length, 32));
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
    pair.wasm.rope(X, X, ANGLES, 1, 1, Dh);
    return pair.floats(X, Dh);
  };
  const score = (i: number, j: number) => {
    const key = rotated(k, j);
    return rotated(q, i).reduce((sum, v, d) => sum + v * key[d]!, 0);
  };
  assert.ok(Math.abs(score(7, 3) - score(1_007, 1_003)) < 1e-3);
  assert.ok(Math.abs(score(7, 3) - score(7, 0)) > 1e-2);
});
