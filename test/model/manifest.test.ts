import assert from "node:assert/strict";
import { test } from "node:test";
import { WEIGHT_FORMATS } from "../../kernels/formats.ts";
import { pack } from "../../scripts/pack/pack.ts";
import { ModelFileError } from "../../src/errors.ts";
import { type Manifest, parseGeneration, parseManifest } from "../../src/model/manifest.ts";
import { TINY, temporaryFolder } from "../pack/model.ts";

/** The tiny model's manifest, cut in three, as JSON gives it. */
async function tinyManifest(t: Parameters<typeof temporaryFolder>[0]): Promise<Manifest> {
  const { manifest } = await pack(TINY, { out: `${temporaryFolder(t)}/tiny`, stages: 3, tileRows: 128 });
  return JSON.parse(JSON.stringify(manifest)) as Manifest;
}

type Path = readonly (string | number)[];

/** Every value in it that is no object or list, by its path. */
function leaves(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]));
}

/** A copy with the value at `path` replaced. */
function changed(manifest: Manifest, path: Path, value: unknown): unknown {
  const copy = structuredClone(manifest) as unknown as Record<string | number, unknown>;
  let at = copy;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>;
  at[path.at(-1)!] = value;
  return copy;
}

const refuses = (json: unknown, message: RegExp) =>
  assert.throws(
    () => parseManifest(json),
    (error) => error instanceof ModelFileError && message.test(error.message) && !error.message.includes("\n"),
    String(message),
  );

test("parseManifest() reads what pack() writes", async (t) => {
  const manifest = await tinyManifest(t);
  assert.deepEqual(parseManifest(manifest), manifest);
  for (const quant of WEIGHT_FORMATS) assert.equal(parseManifest({ ...manifest, quant }).quant, quant);
});

test("parseManifest() says to pack again, when the format is another", async (t) => {
  const manifest = await tinyManifest(t);
  for (const format of [2, 0, "1", null, undefined]) {
    refuses({ ...manifest, format }, /^manifest.json: format .*; this version reads format 1: pack the model again$/);
  }
});

test("parseManifest() refuses what does not fit together, and names it", async (t) => {
  const manifest = await tinyManifest(t);
  const cases: [Path, unknown, RegExp][] = [
    [["quant"], "q5", /quant is "q5"; expected q4 or q8$/],
    [["quant"], "f32", /quant is "f32"/],
    [["quant"], "toString", /quant is "toString"/],
    [["name"], "", /name is missing/],
    [["source", "sha256"], "abc", /source.sha256 is not a SHA-256/],
    [["config", "hidden_size"], 2 ** 40, /hidden_size is 1099511627776; expected/],
    [["tokenizer", "file"], "../secret", /tokenizer.file is not a plain file name/],
    [["tokenizer", "tokens"], 1_281, /tokenizer.tokens is not an integer from 0 to 1280/],
    [["tile_rows"], 0, /tile_rows is 0; expected a multiple of 8/],
    [["tile_rows"], 100, /tile_rows is 100/],
    [["tile_rows"], 4_096, /tile_rows is not an integer from 0 to 2048/],
    [["tile_rows"], 2_048, /where a stage ends, splits a tile/],
    [["stages"], [], /stages is empty/],
    [["stages"], manifest.stages.slice(1), /layers leave a gap at 0/],
    [["stages"], manifest.stages.slice(0, -1), /the stages hold \d+ (layers|rows)/],
    [["stages", 0, "bytes"], 2 ** 40, /stages\[0\].bytes is not an integer from 0 to 4294967296/],
    [["stages", 0, "bytes"], 2 ** 31, /stages\[0\].chunks does not match its bytes/],
    [["stages", 0, "chunks"], ["a/b"], /stages\[0\].chunks is not a plain file name/],
    [["stages", 0, "sha256"], [], /stages\[0\].sha256 does not match its bytes/],
    [["stages", 0, "layers"], [1, 0], /stages\[0\].layers is reversed/],
    [["stages", 0, "tensors", "x"], { format: "q3" }, /x: unknown format/],
    [["stages", 0, "tensors", "x"], { format: "toString" }, /x: unknown format/],
    [["stages", 0, "tensors", "x"], { format: "f32", shape: [8], offset: 32 }, /x.offset is not a multiple of 64/],
  ];
  for (const [path, value, message] of cases) refuses(changed(manifest, path, value), message);
  for (const json of [null, 1, "x", [], {}]) refuses(json, /manifest.json: /);
});

test("parseManifest() refuses or reads a manifest in which any value is another, and does nothing else", async (t) => {
  const manifest = await tinyManifest(t);
  let refused = 0;
  let read = 0;
  for (const path of leaves(manifest)) {
    for (const value of [-1, 0, 1.5, 2 ** 60, "", "x", "../x", null, true, [], {}, ["x".repeat(1e3)]]) {
      try {
        parseManifest(changed(manifest, path, value));
        read++;
      } catch (error) {
        assert.ok(error instanceof ModelFileError, `${path.join(".")} = ${JSON.stringify(value)}: ${String(error)}`);
        refused++;
      }
    }
  }
  assert.ok(refused > 5 * read && read > 0, `${refused} refused, ${read} read`);
});

test("parseGeneration() keeps what the sampler knows, and bounds it", () => {
  const json = { eos_token_id: 5, temperature: 0.7, top_k: 20, do_sample: true, max_length: 9, min_p: null };
  assert.deepEqual(parseGeneration(json), { eos_token_id: [5], temperature: 0.7, top_k: 20, do_sample: true });
  assert.deepEqual(parseGeneration(null), { eos_token_id: [] });
  for (const bad of [
    { temperature: -1 },
    { top_p: 1.1 },
    { top_k: "9" },
    { repetition_penalty: 0 },
    { eos_token_id: [-1] },
  ]) {
    assert.throws(() => parseGeneration(bad), ModelFileError);
  }
});
