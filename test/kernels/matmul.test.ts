// matmul against the reference, bit for bit, in every variant: odd sizes, extreme integers, rows computed alone, and
// numbers that are not numbers. The reference itself against products in double precision.

import assert from "node:assert/strict";
import { test } from "node:test";
import { activationBytes, BLOCK_BYTES, matmulScratchBytes, matrixBytes } from "../../kernels/abi.ts";
import { WEIGHT_FORMATS, type WeightFormat } from "../../kernels/formats.ts";
import { dequantize, pack } from "../../kernels/reference/pack.ts";
import { seeded } from "../fakes/random.ts";
import { HARD, normals } from "./pair.ts";
import { bits, compiled, type Machine, reference, VARIANTS } from "./variants.ts";

interface Problem {
  readonly format: WeightFormat;
  readonly T: number;
  readonly N: number;
  readonly K: number;
  /** (T, K) */
  readonly x: Float32Array;
  /** (N, K), packed */
  readonly w: Uint8Array;
  /** (N) */
  readonly bias?: Float32Array;
}

/** out (T, N) */
function matmul({ kernels, place, floats }: Machine, { format, x, w, bias, T, N, K }: Problem): Float32Array {
  const x8 = place(activationBytes(T, K));
  const out = place(T * N * 4);
  kernels.quantize(x8, place(x), T, K);
  kernels[`matmul_${format}`](out, x8, place(w), bias ? place(bias) : 0, T, N, K, place(matmulScratchBytes(K)));
  return floats(out, T * N);
}

/** Random nibbles, the extreme ones included, with scales of ordinary size and both signs. */
function randomMatrix(format: WeightFormat, N: number, K: number, seed: number): Uint8Array {
  const bytes = pack(format, normals(N * K, seed), N, K);
  const random = seeded(seed);
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES[format]) {
    const scales = at + BLOCK_BYTES[format] - 8;
    for (let i = at; i < scales; i++) bytes[i] = random() * 256;
    for (let r = 0; r < 4; r++) bytes[scales + 2 * r + 1]! ^= random() < 0.5 ? 0x80 : 0;
  }
  return bytes;
}

function randomProblem(format: WeightFormat, T: number, N: number, K: number): Problem {
  const bias = T % 3 === 0 ? {} : { bias: normals(N, N) };
  return { format, T, N, K, x: normals(T * K, T), w: randomMatrix(format, N, K, N + T), ...bias };
}

for (const variant of VARIANTS) {
  for (const format of WEIGHT_FORMATS) {
    test(`matmul_${format}() equals the reference bit for bit, ${variant}`, async () => {
      const shapes = [
        [8, 32],
        [16, 96],
        [24, 64],
        [40, 160],
        [104, 32],
      ] as const;
      for (const [N, K] of shapes) {
        for (const T of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 69, 70]) {
          const problem = randomProblem(format, T, N, K);
          const machine = await compiled(variant);
          const expected = matmul(reference({ tile: machine.kernels.tile() }), problem);
          assert.deepEqual(bits(matmul(machine, problem)), bits(expected), `T ${T}, N ${N}, K ${K}`);
        }
      }
    });

    test(`matmul_${format}() is exact where every integer is extreme, ${variant}`, async () => {
      const [T, N, K] = [7, 16, 64];
      for (const byte of [0x00, 0xff, 0x0f, 0xf0, 0x88]) {
        for (const sign of [1, -1]) {
          const w = pack(format, new Float32Array(N * K).fill(1), N, K);
          for (let at = 0; at < w.length; at += BLOCK_BYTES[format]) w.fill(byte, at, at + BLOCK_BYTES[format] - 8);
          const problem = { format, T, N, K, w, x: new Float32Array(T * K).fill(sign * 127) };
          const machine = await compiled(variant);
          const expected = matmul(reference({ tile: machine.kernels.tile() }), problem);
          assert.deepEqual(bits(matmul(machine, problem)), bits(expected), `byte ${byte}, sign ${sign}`);
        }
      }
    });

    test(`matmul_${format}() gives a row the same bits alone and among others, ${variant}`, async () => {
      const [T, N, K] = [71, 40, 96];
      const all = randomProblem(format, T, N, K);
      const out = bits(matmul(await compiled(variant), all));
      for (const [first, count] of [
        [0, 1],
        [3, 2],
        [5, 6],
        [20, 13],
        [70, 1],
      ] as const) {
        const x = all.x.subarray(first * K, (first + count) * K);
        const part = bits(matmul(await compiled(variant), { ...all, T: count, x }));
        assert.deepEqual(part, out.subarray(first * N, (first + count) * N), `rows ${first} + ${count}`);
      }
    });

    test(`matmul_${format}() gives a column the same bits when the matrix is cut, ${variant}`, async () => {
      const [T, N, K] = [5, 40, 64];
      const all = randomProblem(format, T, N, K);
      const out = bits(matmul(await compiled(variant), all));
      for (const [first, count] of [
        [0, 8],
        [8, 24],
        [32, 8],
      ] as const) {
        const w = all.w.subarray(matrixBytes(format, first, K), matrixBytes(format, first + count, K));
        const bias = all.bias!.subarray(first, first + count);
        const part = bits(matmul(await compiled(variant), { ...all, N: count, w, bias }));
        for (let t = 0; t < T; t++) {
          const expected = out.subarray(t * N + first, t * N + first + count);
          assert.deepEqual(
            part.subarray(t * count, (t + 1) * count),
            expected,
            `token ${t}, columns ${first} + ${count}`,
          );
        }
      }
    });

    test(`matmul_${format}() takes hard activations as the reference does, ${variant}`, async () => {
      const [T, N, K] = [HARD.length, 16, 64];
      const x = normals(T * K, 1);
      for (let t = 0; t < T; t++) x.fill(HARD[t]!, t * K + 5, t * K + 40);
      const problem = { format, T, N, K, x, w: randomMatrix(format, N, K, 2), bias: normals(N, 3) };
      const machine = await compiled(variant);
      const out = matmul(machine, problem);
      assert.deepEqual(bits(out), bits(matmul(reference({ tile: machine.kernels.tile() }), problem)));
      const infinite = HARD.indexOf(Number.POSITIVE_INFINITY);
      assert.ok(out.subarray(infinite * N, (infinite + 1) * N).every(Number.isNaN));
    });
  }
}

for (const format of WEIGHT_FORMATS) {
  test(`the reference's matmul_${format}() with float activations is the exact product, rounded once`, () => {
    const [T, N, K] = [3, 16, 64];
    const { x, w } = randomProblem(format, T, N, K);
    const out = matmul(reference({ activations: "float" }), { format, T, N, K, x, w });
    const weights = dequantize(format, w, N, K);
    for (let t = 0; t < T; t++) {
      for (let n = 0; n < N; n++) {
        let sum = 0;
        for (let k = 0; k < K; k++) sum += x[t * K + k]! * weights[n * K + k]!;
        assert.equal(out[t * N + n], Math.fround(sum));
      }
    }
  });

  test(`the reference's matmul_${format}() with int8 activations stays near the exact product`, () => {
    const [T, N, K] = [4, 24, 320];
    const problem = randomProblem(format, T, N, K);
    const out = matmul(reference({}), problem);
    const exact = matmul(reference({ activations: "float" }), problem);
    const power = exact.reduce((sum, value) => sum + value * value, 0);
    const noise = exact.reduce((sum, value, i) => sum + (value - out[i]!) ** 2, 0);
    assert.ok(noise < 1e-4 * power, `noise ${noise} of power ${power}`);
  });
}

test("the reference's matmul_q4() with float activations refuses activations that it never quantized", () => {
  const { kernels, place } = reference({ activations: "float" });
  const x8 = place(activationBytes(1, 32));
  assert.throws(() => kernels.matmul_q4(place(32), x8, place(matrixBytes("q4", 8, 32)), 0, 1, 8, 32, 0), RangeError);
});
