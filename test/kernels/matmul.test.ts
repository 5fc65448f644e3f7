// matmul against the reference, bit for bit, in every variant: odd sizes, extreme integers, and rows computed alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { activationBytes, matmulScratchBytes, type WeightFormat } from "../../kernels/abi.ts";
import { dequantize, pack } from "../../kernels/reference/pack.ts";
import { type Bench, compiled, gaussians, reference, seeded, VARIANTS } from "./variants.ts";

const FORMATS: readonly WeightFormat[] = ["q4", "q8"];

interface Problem {
  readonly format: WeightFormat;
  readonly x: Float32Array;
  readonly w: Uint8Array;
  readonly bias?: Float32Array;
  readonly T: number;
  readonly N: number;
  readonly K: number;
}

/** out (T, N) of the problem. */
function matmul({ kernels, place, f32 }: Bench, { format, x, w, bias, T, N, K }: Problem): Float32Array {
  const x8 = place(activationBytes(T, K));
  const out = place(T * N * 4);
  kernels.quantize(x8, place(x), T, K);
  const multiply = format === "q4" ? kernels.matmul_q4 : kernels.matmul_q8;
  multiply(out, x8, place(w), bias ? place(bias) : 0, T, N, K, place(matmulScratchBytes(K)));
  return f32(out, T * N);
}

/** Seeded random nibbles in every place, extreme ones included, and scales of ordinary size and both signs. */
function randomMatrix(format: WeightFormat, N: number, K: number, seed: number): Uint8Array {
  const bytes = pack(format, gaussians(N * K, seed), N, K);
  const random = seeded(seed);
  const block = format === "q4" ? 72 : 136;
  for (let at = 0; at < bytes.length; at += block) {
    for (let i = 0; i < block - 8; i++) bytes[at + i] = Math.floor(random() * 256);
    for (let r = 0; r < 4; r++) bytes[at + block - 7 + 2 * r]! ^= random() < 0.5 ? 0x80 : 0;
  }
  return bytes;
}

const bits = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length);

for (const variant of VARIANTS) {
  for (const format of FORMATS) {
    test(`matmul_${format}() equals the reference bit for bit, ${variant}`, async () => {
      for (const [N, K] of [
        [8, 32],
        [16, 96],
        [24, 64],
        [40, 160],
        [104, 32],
        [64, 896],
      ] as const) {
        for (let T = 1; T <= 14; T++) {
          const problem = {
            format,
            T,
            N,
            K,
            x: gaussians(T * K, T),
            w: randomMatrix(format, N, K, N + T),
            ...(T % 3 === 0 ? {} : { bias: gaussians(N, N) }),
          };
          const bench = await compiled(variant);
          const expected = matmul(reference(bench.kernels.tile()), problem);
          assert.deepEqual(bits(matmul(bench, problem)), bits(expected), `T ${T}, N ${N}, K ${K}`);
        }
      }
    });
  }
}
