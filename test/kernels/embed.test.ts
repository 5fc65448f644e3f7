// Packed bytes: the layout of docs/format.md by hand-made examples, and embed in every variant.

import assert from "node:assert/strict";
import { test } from "node:test";
import { matrixBytes } from "../../kernels/abi.ts";
import { FORMATS, WEIGHT_FORMATS } from "../../kernels/formats.ts";
import { dequantize, fromBf16, pack, toBf16 } from "../../kernels/reference/pack.ts";
import { normals } from "./pair.ts";
import { bits, compiled, type Machine, reference, VARIANTS } from "./variants.ts";

test("dequantize() reads q4 as docs/format.md lays it out", () => {
  const bytes = new Uint8Array(2 * 2 * 72); // 8 rows, 64 columns
  const block = 72; // the second block of the first row group
  bytes.fill(0x88, block, block + 64); // all zero
  bytes[block + 16 * 2 + 4 * 1 + 3] = 0xf1; // vector 2, row 1: columns 19 (low nibble) and 23 (high nibble)
  bytes.set([0x80, 0x3f, 0x00, 0x40], block + 64); // scales of rows 0 and 1: 1 and 2
  const values = dequantize("q4", bytes, 8, 64);
  const expected = new Float32Array(8 * 64);
  expected[64 + 32 + 19] = 2 * (1 - 8);
  expected[64 + 32 + 23] = 2 * (15 - 8);
  const unsigned = values.map((value) => value + 0); // scale 0 times -8 is -0
  assert.deepEqual(unsigned, expected);
});

test("dequantize() reads q8 as 16 (high - 8) + low", () => {
  const bytes = new Uint8Array(2 * 136);
  bytes.fill(0x88, 0, 64);
  bytes[4 * 3] = 0xf0; // row 3: column 0 has high nibble 0, column 4 has 15
  bytes[64 + 4 * 3] = 0xf3; // low nibbles 3 and 15
  bytes.set([0x80, 0x3f], 128 + 6);
  const values = dequantize("q8", bytes, 4, 32);
  assert.equal(values[3 * 32], -125);
  assert.equal(values[3 * 32 + 4], 127);
  assert.equal(values.filter((value) => value !== 0).length, 2);
});

test("toBf16() rounds to nearest, halves to even", () => {
  assert.equal(fromBf16(toBf16(1)), 1);
  assert.equal(fromBf16(toBf16(1 + 2 ** -8)), 1); // halfway to 1 + 2^-7, whose last bit is odd
  assert.equal(fromBf16(toBf16(1 + 3 * 2 ** -8)), 1 + 2 ** -6);
  assert.equal(fromBf16(toBf16(-1.0001)), -1);
});

for (const format of WEIGHT_FORMATS) {
  test(`pack() then dequantize() stays within half a ${format} step`, () => {
    const { largest } = FORMATS[format];
    const [N, K] = [10, 96]; // padded to 16 rows
    const values = normals(N * K, 3);
    const bytes = pack(format, values, N, K);
    assert.equal(bytes.length, matrixBytes(format, N, K));
    const back = dequantize(format, bytes, 16, K);
    for (let at = 0; at < N * K; at += 32) {
      const block = values.subarray(at, at + 32);
      const step = Math.max(...block.map(Math.abs)) / largest;
      // bf16 scales differ by up to 2^-9 from the step: at the largest integer that adds to the half.
      const bound = step * (0.5 + largest * 2 ** -8);
      block.forEach((value, k) => {
        assert.ok(Math.abs(value - back[at + k]!) <= bound);
      });
    }
    assert.ok(
      back.subarray(N * K).every((value) => value === 0),
      "padding is zero",
    );
  });

  for (const variant of VARIANTS) {
    test(`embed_${format}() gives the decoded rows, ${variant}`, async () => {
      const [N, K] = [24, 160];
      const bytes = pack(format, normals(N * K, 5), N, K);
      const rows = Uint32Array.of(0, 3, 23, 4, 17, 17);
      const embed = ({ kernels, place, floats }: Machine) => {
        const out = place(rows.length * K * 4);
        kernels[`embed_${format}`](out, place(bytes), place(rows), rows.length, K);
        return floats(out, rows.length * K);
      };
      const decoded = dequantize(format, bytes, N, K);
      const expected = Float32Array.from([...rows].flatMap((row) => [...decoded.subarray(row * K, (row + 1) * K)]));
      assert.deepEqual(bits(embed(await compiled(variant))), bits(expected));
      assert.deepEqual(bits(embed(reference({}))), bits(expected));
    });
  }
}
