import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openGgufSource } from "../../scripts/pack/gguf-source.ts";
import { pack } from "../../scripts/pack/pack.ts";
import { modelName, readRows } from "../../scripts/pack/source.ts";
import { StageWriter } from "../../scripts/pack/stage-writer.ts";
import { ModelFileError } from "../../src/errors.ts";
import { CHUNK_BYTES, HASH_BYTES, parseManifest } from "../../src/model/manifest.ts";
import { EMBED, modelTensors, NORM } from "../../src/model/qwen2.ts";
import { CONFIG, ggufBytes, makeWeights, readPacked, readTensor, stageBytes, TINY, temporaryFolder } from "./model.ts";

const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

test("pack() writes what the manifest says, and the same bytes again", async (t) => {
  const folder = temporaryFolder(t);
  const { manifest, folder: out } = await pack(TINY, { out: join(folder, "a") });
  await pack(TINY, { out: join(folder, "b") });
  const files = readdirSync(out).sort();
  assert.deepEqual(files, ["manifest.json", "stage-0-000.bin", "tokenizer.bin"]);
  for (const name of files)
    assert.deepEqual(readFileSync(join(out, name)), readFileSync(join(folder, "b", name)), name);
  assert.deepEqual(parseManifest(JSON.parse(readFileSync(join(out, "manifest.json"), "utf8"))), manifest);

  assert.equal(manifest.name, "tiny");
  assert.equal(manifest.quant, "q8");
  assert.equal(manifest.source.sha256, hash(readFileSync(TINY)));
  assert.equal(manifest.tokenizer.sha256, hash(readFileSync(join(out, "tokenizer.bin"))));
  assert.equal(manifest.tokenizer.tokens, 1278);
  assert.deepEqual(manifest.generation.eos_token_id, [1258, 1256]);
  assert.equal(manifest.generation.temperature, 0.7);
  assert.match(manifest.chat_template!, /^\{%- if tools %\}/);
  const bytes = stageBytes(out, manifest.stages[0]!);
  assert.equal(bytes.length, manifest.stages[0]!.bytes);
  assert.deepEqual(manifest.stages[0]!.sha256, [hash(bytes)]);
});

test("pack() keeps f32 vectors exactly and matrices within their format's error", async (t) => {
  const folder = temporaryFolder(t);
  const weights = makeWeights(CONFIG);
  writeFileSync(join(folder, "m.gguf"), ggufBytes(CONFIG, weights));
  for (const [quant, limit] of [
    ["q4", 0.09],
    ["q8", 0.006],
  ] as const) {
    const { manifest, folder: out } = await pack(join(folder, "m.gguf"), { out: join(folder, quant), quant });
    assert.deepEqual(Object.keys(manifest.stages[0]!.tensors).sort(), [...modelTensors(CONFIG).keys()].sort());
    for (const [name, values] of weights) {
      const packed = readTensor(out, manifest, name);
      if (manifest.stages[0]!.tensors[name]!.format === "f32") assert.deepEqual(packed, values, name);
      const norm = values.reduce((sum, x) => sum + x * x, 0);
      const error = Math.sqrt(packed.reduce((sum, x, i) => sum + (x - values[i]!) ** 2, 0) / norm);
      assert.ok(error < limit, `${name} in ${quant}: ${error}`);
    }
  }
});

test("pack() keeps the integers of Q8_0 in q8 and of Q4_0 in q4, and rounds their scales", async (t) => {
  const folder = temporaryFolder(t);
  for (const [type, quant, bytesPerBlock] of [
    ["Q8_0", "q8", 34],
    ["Q4_0", "q4", 18],
  ] as const) {
    const path = join(folder, `${quant}.gguf`);
    const stored = (name: string, values: Float32Array<ArrayBuffer>) => {
      if (modelTensors(CONFIG).get(name)!.length === 1) return { type: "F32", bytes: new Uint8Array(values.buffer) };
      const bytes = Uint8Array.from(
        { length: (values.length / 32) * bytesPerBlock },
        (_, i) => (i * 97 + (i >> 7)) & 255,
      );
      for (let at = 0; at < bytes.length; at += bytesPerBlock) bytes[at + 1] = 0x20 + ((at / bytesPerBlock) % 20);
      return { type, bytes };
    };
    writeFileSync(path, ggufBytes(CONFIG, makeWeights(CONFIG), { stored }));
    const { manifest, folder: out } = await pack(path, { out: join(folder, quant), quant });
    const source = openGgufSource(path);
    t.after(() => source.close());
    const name = "model.layers.1.mlp.down_proj.weight";
    const { offset, shape } = manifest.stages[0]!.tensors[name]!;
    const packed = readPacked(stageBytes(out, manifest.stages[0]!).subarray(offset), quant, shape as [number, number]);
    const exact = readRows(source.tensors.get(name)!, 0, shape[0]!);
    const blocks = source.tensors.get(name)!.bytes(0, shape[0]!);
    exact.forEach((w, i) => {
      const at = (i >> 5) * bytesPerBlock + 2;
      const j = i % 32;
      const nibble = j < 16 ? blocks[at + j]! & 15 : blocks[at + j - 16]! >> 4;
      const integer = type === "Q8_0" ? (blocks[at + j]! << 24) >> 24 : nibble - 8;
      assert.equal(packed.integers[i], integer);
      assert.ok(Math.abs(packed.scales[i >> 5]! * integer - w) <= Math.abs(w) * 2 ** -8);
    });
  }
});

test("pack() cuts into stages that together hold the same rows and layers", async (t) => {
  const folder = temporaryFolder(t);
  const one = await pack(TINY, { out: join(folder, "1"), tileRows: 128 });
  const whole = stageBytes(one.folder, one.manifest.stages[0]!);
  const { offset, shape } = one.manifest.stages[0]!.tensors[EMBED]!;
  const rowBytes = (136 * (shape[1]! / 32)) / 4;
  for (const stages of [2, 3, 5]) {
    const { manifest, folder: out } = await pack(TINY, { out: join(folder, `${stages}`), stages, tileRows: 128 });
    assert.equal(manifest.stages.length, stages);
    for (const stage of manifest.stages) {
      const bytes = stageBytes(out, stage);
      const [first, end] = stage.rows;
      assert.equal(NORM in stage.tensors, end > first);
      assert.equal(EMBED in stage.tensors, end > first);
      if (end > first) {
        const at = stage.tensors[EMBED]!.offset;
        const rows = whole.subarray(offset + first * rowBytes, offset + end * rowBytes);
        assert.deepEqual(bytes.subarray(at, at + rows.length), rows);
      }
      for (const [name, entry] of Object.entries(stage.tensors)) {
        if (!name.includes(".layers.")) continue;
        const from = one.manifest.stages[0]!.tensors[name]!.offset;
        assert.deepEqual(bytes.subarray(entry.offset, entry.offset + 64), whole.subarray(from, from + 64), name);
      }
    }
  }
  await assert.rejects(pack(TINY, { out: join(folder, "13"), stages: 13, tileRows: 128 }), /into 13 stages/);
  assert.deepEqual(readdirSync(folder).sort(), ["1", "2", "3", "5"]);
});

test("StageWriter cuts chunks of exactly 24 MiB and hashes every MiB", async (t) => {
  const folder = temporaryFolder(t);
  const bytes = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 31) >> 5);
  const writer = new StageWriter(folder, 2);
  for (let i = 0; i < 9; i++) await writer.write(bytes);
  await writer.padTo(27_000_064);
  const written = await writer.finish();
  assert.deepEqual(written.chunks, ["stage-2-000.bin", "stage-2-001.bin"]);
  const chunks = written.chunks.map((name) => readFileSync(join(folder, name)));
  assert.deepEqual(
    chunks.map(({ length }) => length),
    [CHUNK_BYTES, 27_000_064 - CHUNK_BYTES],
  );
  const all = Buffer.concat(chunks);
  const expected = Buffer.concat([...Array.from({ length: 9 }, () => bytes), new Uint8Array(64)]);
  assert.equal(Buffer.compare(all, expected), 0);
  const pieces = Array.from({ length: 26 }, (_, i) => hash(all.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)));
  assert.deepEqual(written.sha256, pieces);
});

test("pack() leaves nothing behind when a weight is NaN or infinity, and names the tensor", async (t) => {
  const folder = temporaryFolder(t);
  const cases = [
    ["model.layers.1.mlp.down_proj.weight", Number.NaN],
    [NORM, Number.POSITIVE_INFINITY],
  ] as const;
  for (const [name, bad] of cases) {
    const weights = makeWeights(CONFIG);
    weights.get(name)![70 % weights.get(name)!.length] = bad;
    writeFileSync(join(folder, "m.gguf"), ggufBytes(CONFIG, weights));
    await assert.rejects(pack(join(folder, "m.gguf"), { out: join(folder, "out") }), (error) => {
      return error instanceof ModelFileError && error.message.includes(name) && /NaN or infinity/.test(error.message);
    });
    assert.deepEqual(readdirSync(folder), ["m.gguf"]);
  }
});

test("pack() leaves nothing behind when it is stopped", async (t) => {
  const folder = temporaryFolder(t);
  const stop = new AbortController();
  let calls = 0;
  const onProgress = () => {
    if (++calls === 10) stop.abort(new Error("stopped here"));
  };
  await assert.rejects(pack(TINY, { out: join(folder, "out"), signal: stop.signal, onProgress }), /stopped here/);
  assert.deepEqual(readdirSync(folder), []);
});

test("pack() reports progress up to its total", async (t) => {
  const seen: [number, number][] = [];
  await pack(TINY, { out: join(temporaryFolder(t), "out"), onProgress: (done, total) => seen.push([done, total]) });
  assert.ok(seen.every(([done, total], i) => done <= total && (i === 0 || done > seen[i - 1]![0])));
  assert.equal(seen.at(-1)![0], seen.at(-1)![1]);
});

test("pack() replaces a packed folder on request only, and no other folder ever", async (t) => {
  const folder = temporaryFolder(t);
  const out = join(folder, "out");
  await pack(TINY, { out });
  await assert.rejects(pack(TINY, { out, quant: "q4" }), /exists already; --force/);
  const { manifest } = await pack(TINY, { out, quant: "q4", force: true });
  assert.equal(manifest.quant, "q4");
  mkdirSync(join(folder, "home"));
  writeFileSync(join(folder, "home", "letter.txt"), "dear");
  await assert.rejects(pack(TINY, { out: join(folder, "home"), force: true }), /is not a packed model/);
  assert.ok(existsSync(join(folder, "home", "letter.txt")));
  assert.deepEqual(readdirSync(folder).sort(), ["home", "out"]);
});

test("pack() takes YaRN from a GGUF's rope.scaling, with the decimals that its f32 stand for", async (t) => {
  const folder = temporaryFolder(t);
  const metadata = {
    "qwen2.rope.scaling.type": "yarn",
    "qwen2.rope.scaling.factor": { f32: 2.1 },
    "qwen2.rope.scaling.original_context_length": 1_024,
    "qwen2.rope.scaling.yarn_beta_fast": { f32: 16 },
    "qwen2.rope.scaling.attn_factor": { f32: 1 },
  };
  writeFileSync(join(folder, "m.gguf"), ggufBytes(CONFIG, makeWeights(CONFIG), { metadata }));
  const { manifest } = await pack(join(folder, "m.gguf"), { out: join(folder, "out") });
  assert.deepEqual(manifest.config.rope_scaling, {
    rope_type: "yarn",
    ...{ factor: 2.1, original_max_position_embeddings: 1_024, beta_fast: 16, beta_slow: 1 },
  });
});

test("pack() refuses other architectures, missing tensors, wrong shapes and parts", async (t) => {
  const folder = temporaryFolder(t);
  const refuses = async (bytes: Uint8Array, message: RegExp) => {
    writeFileSync(join(folder, "m.gguf"), bytes);
    await assert.rejects(pack(join(folder, "m.gguf"), { out: join(folder, "out") }), (error) => {
      return error instanceof ModelFileError && message.test(error.message) && !error.message.includes("\n");
    });
    assert.deepEqual(readdirSync(folder), ["m.gguf"]);
  };
  const weights = makeWeights(CONFIG);
  const withMetadata = (metadata: Record<string, string | number | { f32: number }>) =>
    ggufBytes(CONFIG, weights, { metadata });
  await refuses(withMetadata({ "general.architecture": "llama" }), /unknown architecture "llama"/);
  await refuses(withMetadata({ "qwen2.block_count": 3 }), /has no tensor model.layers.2/);
  await refuses(
    withMetadata({ "qwen2.embedding_length": 128 }),
    /has the shape 1284 x 64; the config asks for 1284 x 128/,
  );
  await refuses(withMetadata({ "qwen2.feed_forward_length": 0 }), /intermediate_size is 0/);
  await refuses(withMetadata({ "split.count": 2 }), /one part of a split GGUF/);
  await refuses(withMetadata({ "qwen2.rope.scaling.type": "yarn" }), /rope_scaling has factor null/);
  await refuses(withMetadata({ "qwen2.rope.scaling.type": "longrope" }), /rope_scaling has type "longrope"/);
  const stretched = { "qwen2.rope.scaling.type": "yarn", "qwen2.rope.scaling.attn_factor": { f32: 0.5 } };
  await refuses(withMetadata(stretched), /rope.scaling.attn_factor 0.5; only 1/);
  await refuses(withMetadata({ "tokenizer.ggml.pre": "llama-bpe" }), /tokenizer.ggml.pre/);
  await refuses(withMetadata({ "tokenizer.ggml.eos_token_id": 1278 }), /eos_token_id 1278 is none of its 1278 tokens/);
  const short = { ...CONFIG, vocab_size: 1277 };
  await refuses(ggufBytes(short, makeWeights(short)), /has 1278 tokens, but the table has 1277 rows/);
  weights.delete(NORM);
  await refuses(ggufBytes(CONFIG, weights), /has no tensor model.norm.weight/);
});

test("modelName() strips what a quantization adds", () => {
  const cases = {
    "qwen2.5-coder-0.5b-instruct-q4_k_m": "qwen2.5-coder-0.5b-instruct",
    "Qwen2.5-0.5B-Instruct.Q8_0": "qwen2.5-0.5b-instruct",
    "Qwen2-1.5B-Instruct-GGUF": "qwen2-1.5b-instruct",
    "qwen2_0.5b fp16": "qwen2-0.5b",
    "model-IQ4_XS": "model",
    "…": "model",
  };
  for (const [name, expected] of Object.entries(cases)) assert.equal(modelName(name), expected);
});
