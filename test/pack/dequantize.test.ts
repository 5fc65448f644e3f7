import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { STORAGE_TYPES, TYPE_NAMED } from "../../scripts/pack/dequantize.ts";

interface Fixture {
  readonly cases: readonly { readonly type: string; readonly bytes: string; readonly values: string }[];
}
const fixture = JSON.parse(
  readFileSync(new URL("../fixtures/pack/dequantize.json", import.meta.url), "utf8"),
) as Fixture;

for (const { type, bytes, values } of fixture.cases) {
  test(`dequantize() of ${type} gives the bits of llama.cpp's Python package`, () => {
    const stored = new Uint8Array(Buffer.from(bytes, "base64"));
    const expected = new Uint8Array(Buffer.from(values, "base64"));
    const out = new Float32Array(expected.length / 4);
    TYPE_NAMED.get(type)!.dequantize(stored, out);
    assert.equal((out.length / TYPE_NAMED.get(type)!.block) * TYPE_NAMED.get(type)!.bytes, stored.length);
    assert.deepEqual(new Uint8Array(out.buffer), expected);
  });
}

test("dequantize() of F32 copies, whatever the alignment of the bytes", () => {
  const values = Float32Array.of(1.5, -0, 1e-45, 3e38);
  const shifted = new Uint8Array(17);
  shifted.set(new Uint8Array(values.buffer), 1);
  const out = new Float32Array(4);
  TYPE_NAMED.get("F32")!.dequantize(shifted.subarray(1), out);
  assert.deepEqual(out, values);
});

test("STORAGE_TYPES holds the eleven types that pack promises", () => {
  const names = [...STORAGE_TYPES.values()].map(({ name }) => name).sort();
  const promised = ["BF16", "F16", "F32", "Q4_0", "Q4_1", "Q4_K", "Q5_0", "Q5_1", "Q5_K", "Q6_K", "Q8_0"];
  assert.deepEqual(names, promised);
  assert.deepEqual([...fixture.cases.map(({ type }) => type), "F32"].sort(), promised);
});
