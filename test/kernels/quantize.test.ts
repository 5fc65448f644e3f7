// quantize: every variant's bytes against the reference's, and the reference's against integers worked out by hand.

import assert from "node:assert/strict";
import { test } from "node:test";
import { activationBytes } from "../../kernels/abi.ts";
import { HARD, normals } from "./pair.ts";
import { compiled, type Machine, reference, VARIANTS } from "./variants.ts";

function quantize({ kernels, place, bytes }: Machine, x: Float32Array, T: number, K: number): Uint8Array {
  const out = place(activationBytes(T, K));
  kernels.quantize(out, place(x), T, K);
  return bytes(out, activationBytes(T, K));
}

for (const variant of VARIANTS) {
  test(`quantize() equals the reference byte for byte, ${variant}`, async () => {
    for (const K of [32, 96, 160]) {
      for (let T = 1; T <= 14; T++) {
        const x = normals(T * K, T + K, 3);
        const machine = await compiled(variant);
        const expected = quantize(reference({ tile: machine.kernels.tile() }), x, T, K);
        assert.deepEqual(quantize(machine, x, T, K), expected, `T ${T}, K ${K}`);
      }
    }
  });

  test(`quantize() equals the reference on hard values, ${variant}`, async () => {
    const [T, K] = [HARD.length, 96];
    const x = normals(T * K, 7);
    for (let t = 0; t < T; t++) {
      x.fill(HARD[t]!, t * K, t * K + 32); // a block of nothing else
      x[t * K + 40] = HARD[t]!; // one among ordinary numbers
      for (let k = 64; k < 96; k++) x[t * K + k] = HARD[t]! * (k / 96); // a ramp
    }
    x[3] = Number.NaN;
    const machine = await compiled(variant);
    const expected = quantize(reference({ tile: machine.kernels.tile() }), x, T, K);
    assert.deepEqual(quantize(machine, x, T, K), expected);
  });
}

/** One token's only block: start, the 32 integers, scale. */
function block(x: readonly number[]): { start: number; integers: number[]; scale: number } {
  const values = new Float32Array(32);
  values.set(x);
  const view = new DataView(quantize(reference({}), values, 1, 32).buffer);
  const integers = Array.from({ length: 32 }, (_, k) => view.getInt8(4 + k));
  return { start: view.getInt32(0, true), integers, scale: view.getFloat32(36, true) };
}

test("quantize() rounds halves to even and scales the largest to 127", () => {
  const { start, integers, scale } = block([127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, -127]);
  assert.deepEqual(integers.slice(0, 8), [127, 0, 2, 2, 0, -2, -2, -127]);
  assert.equal(scale, 1);
  assert.equal(start, 0);
});

test("quantize() stores -8 times the sum of the integers as the start", () => {
  assert.equal(block([127, 1, 2]).start, -8 * 130);
});

test("quantize() gives a block of zeros scale 0, one with an infinity or NaN zeros and scale NaN", () => {
  assert.deepEqual(block([]), { start: 0, integers: new Array(32).fill(0), scale: 0 });
  for (const odd of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]) {
    assert.deepEqual(block([1, odd, -3]), { start: 0, integers: new Array(32).fill(0), scale: Number.NaN });
  }
});

test("quantize() caps the factor where 127 / max would overflow", () => {
  const { integers, scale } = block([1e-38, -1e-38, 0]);
  assert.deepEqual(integers.slice(0, 3), [3, -3, 0]); // 1e-38 times the largest float, 3.4e38
  assert.equal(scale, Math.fround(Math.fround(1e-38) / 127));
});
