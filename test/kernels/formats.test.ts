// The list of weight formats: what each file of kernels/formats/ must hold to, and what follows from the list.

import assert from "node:assert/strict";
import { test } from "node:test";
import { BLOCK, type Kernels, matrixBytes, ROW_GROUP } from "../../kernels/abi.ts";
import { FORMATS, WEIGHT_FORMATS } from "../../kernels/formats.ts";
import { modules, reference } from "./variants.ts";

for (const format of WEIGHT_FORMATS) {
  const { blockBytes, planes, smallest, largest, read, write } = FORMATS[format];

  test(`a block of ${format} is its planes and 4 scales, and a matrix its blocks`, () => {
    assert.equal(blockBytes, (planes * ROW_GROUP * BLOCK) / 2 + 2 * ROW_GROUP);
    assert.equal(matrixBytes(format, 9, 96), 4 * 3 * blockBytes);
  });

  test(`${format} reads the integers that it wrote, and writes nothing but its row in its planes`, () => {
    const rows = [0, 1, 2, 3].map((row) =>
      Int8Array.from({ length: BLOCK }, (_, k) => smallest + ((41 * (BLOCK * row + k)) % (largest - smallest + 1))),
    );
    const bytes = new Uint8Array(3 * blockBytes);
    for (const [row, integers] of rows.entries()) write(bytes, blockBytes, row, integers);
    const found = new Int8Array(BLOCK);
    for (const [row, integers] of rows.entries()) {
      read(bytes, blockBytes, row, found);
      assert.deepEqual(found, integers);
    }
    assert.ok(bytes.subarray(0, blockBytes).every((byte) => byte === 0));
    assert.ok(bytes.subarray(2 * blockBytes - 2 * ROW_GROUP).every((byte) => byte === 0));
  });
}

test("every build of the kernels and the reference have matmul and embed for each format, and for no other", () => {
  const expected = WEIGHT_FORMATS.flatMap((format) => [`embed_${format}`, `matmul_${format}`]).sort();
  const ofFormats = (names: readonly string[]) => names.filter((name) => /^(matmul|embed)_/.test(name)).sort();
  for (const variant of ["i32", "i16", "plain"] as const) {
    const names = WebAssembly.Module.exports(modules[variant]).map(({ name }) => name);
    assert.deepEqual(ofFormats(names), expected, variant);
  }
  const kernels: Kernels = reference({}).kernels;
  assert.deepEqual(ofFormats(Object.keys(kernels)), expected);
});
