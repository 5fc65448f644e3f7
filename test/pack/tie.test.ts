import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { pack } from "../../scripts/pack/pack.ts";
import { EMBED, HEAD } from "../../src/model/qwen2.ts";
import {
  asF32,
  CONFIG,
  ggufBytes,
  makeRandom,
  makeWeights,
  readTensor,
  type Stored,
  temporaryFolder,
  writeHubFolder,
} from "./model.ts";

/** Q8_0 and Q4_0 as llama.cpp rounds them, with scales that are powers of two, so that f16 is easy to write. */
function quantized(type: "Q8_0" | "Q4_0", values: Float32Array): Uint8Array {
  const [bytes, top] = type === "Q8_0" ? [34, 127] : [18, 7];
  const out = new Uint8Array((values.length / 32) * bytes);
  for (let block = 0; block < values.length / 32; block++) {
    const w = values.subarray(32 * block, 32 * block + 32);
    const exponent = Math.ceil(Math.log2(w.reduce((m, x) => Math.max(m, Math.abs(x)), 1e-4) / top));
    const at = block * bytes;
    out[at + 1] = (exponent + 15) << 2;
    const q = [...w].map((x) => Math.round(x / 2 ** exponent));
    if (type === "Q8_0") out.set(Int8Array.from(q), at + 2);
    else for (let j = 0; j < 16; j++) out[at + 2 + j] = (q[j]! + 8) | ((q[16 + j]! + 8) << 4);
  }
  return out;
}

/** Packs a GGUF whose table is Q4_0 and whose head, derived from the table, is Q8_0. */
async function packTables(t: TestContext, head: (table: Float32Array<ArrayBuffer>) => Float32Array<ArrayBuffer>) {
  const folder = temporaryFolder(t);
  const weights = makeWeights(CONFIG);
  weights.set(HEAD, head(weights.get(EMBED)!));
  const stored: Stored = (name, values) => {
    if (name === EMBED) return { type: "Q4_0", bytes: quantized("Q4_0", values) };
    return name === HEAD ? { type: "Q8_0", bytes: quantized("Q8_0", values) } : asF32(name, values);
  };
  const path = join(folder, "model.gguf");
  writeFileSync(path, ggufBytes(CONFIG, weights, { stored }));
  const notes: string[] = [];
  const { manifest, folder: out } = await pack(path, {
    out: join(folder, "out"),
    quant: "q8",
    onNote: (n) => notes.push(n),
  });
  return { manifest, out, notes, weights };
}

test("pack() keeps a table that is there twice once, from the finer copy, and says so", async (t) => {
  const { manifest, out, notes, weights } = await packTables(t, (table) => table.slice());
  assert.equal(manifest.config.tie_word_embeddings, true);
  assert.equal(manifest.stages[0]!.tensors[HEAD], undefined);
  assert.equal(notes.length, 1);
  assert.match(notes[0]!, /are one table: all 1284 rows agree .* kept once, from Q8_0/);
  const table = weights.get(EMBED)!;
  const packed = readTensor(out, manifest, EMBED);
  const error = Math.sqrt(
    packed.reduce((sum, x, i) => sum + (x - table[i]!) ** 2, 0) / table.reduce((sum, x) => sum + x * x, 0),
  );
  assert.ok(error < 0.02, `${error}`); // Q4_0 would be at 0.1
});

test("pack() keeps two tables that differ as two", async (t) => {
  const random = makeRandom(99);
  const { manifest, notes } = await packTables(t, (table) => table.map(() => 0.1 * random()));
  assert.equal(manifest.config.tie_word_embeddings, false);
  assert.deepEqual(manifest.stages[0]!.tensors[HEAD]!.shape, [1284, 64]);
  assert.match(notes[0]!, /are two tables: a row's cosine is/);
});

test("pack() takes one row that differs for two tables", async (t) => {
  const { manifest } = await packTables(t, (table) => table.map((x, i) => (i >= 1283 * 64 ? -x : x)));
  assert.equal(manifest.config.tie_word_embeddings, false);
});

test("pack() takes a difference beyond rounding for two tables", async (t) => {
  const random = makeRandom(98);
  const { manifest, notes } = await packTables(t, (table) => table.map((x) => x + 0.03 * random()));
  assert.equal(manifest.config.tie_word_embeddings, false);
  assert.match(notes[0]!, /they differ by .* rounding explains/);
});

test("pack() takes exact copies for one table only if they are equal", async (t) => {
  const folder = temporaryFolder(t);
  const config = { ...CONFIG, tie_word_embeddings: false };
  const weights = makeWeights(config);
  const tied = async (name: string) => {
    const { manifest } = await pack(writeHubFolder(join(folder, name), config, weights), {
      out: join(folder, `${name}-out`),
    });
    return manifest.config.tie_word_embeddings;
  };
  assert.equal(await tied("apart"), false);
  weights.set(HEAD, weights.get(EMBED)!.slice());
  assert.equal(await tied("equal"), true);
  weights.set(
    HEAD,
    weights.get(EMBED)!.map((x) => x * 1.001),
  );
  assert.equal(await tied("close"), false);
});
