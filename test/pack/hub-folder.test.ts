import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openHubFolder } from "../../scripts/pack/hub-folder.ts";
import { pack } from "../../scripts/pack/pack.ts";
import { readRows } from "../../scripts/pack/source.ts";
import { ModelFileError } from "../../src/errors.ts";
import { EMBED, NORM } from "../../src/model/qwen2.ts";
import {
  CONFIG,
  ggufBytes,
  makeWeights,
  safetensorsBytes,
  stageBytes,
  temporaryFolder,
  writeHubFolder,
} from "./model.ts";

test("pack() gives the same weights from a GGUF, one safetensors file and three", async (t) => {
  const folder = temporaryFolder(t);
  const weights = makeWeights(CONFIG);
  writeFileSync(join(folder, "m.gguf"), ggufBytes(CONFIG, weights));
  const inputs = [
    join(folder, "m.gguf"),
    writeHubFolder(join(folder, "hub1"), CONFIG, weights),
    writeHubFolder(join(folder, "hub3"), CONFIG, weights, 3),
  ];
  const packed = [];
  for (const [i, input] of inputs.entries()) packed.push(await pack(input, { out: join(folder, `out${i}`) }));
  const [gguf, hub1, hub3] = packed.map(({ manifest }) => manifest);
  assert.deepEqual(hub1!.config, gguf!.config);
  assert.deepEqual(hub1!.stages, gguf!.stages);
  assert.deepEqual(hub3!.stages, gguf!.stages);
  assert.deepEqual(hub1!.tokenizer, gguf!.tokenizer);
  assert.notEqual(hub1!.source.sha256, hub3!.source.sha256);
  assert.equal(hub1!.chat_template, "{{ messages }}");
  assert.deepEqual(hub1!.generation, { eos_token_id: [1258, 1256], temperature: 0.7, top_k: 20, do_sample: true });
  const bytes = packed.map(({ folder: out, manifest }) => Buffer.from(stageBytes(out, manifest.stages[0]!)));
  assert.ok(bytes[0]!.equals(bytes[1]!) && bytes[0]!.equals(bytes[2]!));
});

test("openHubFolder() reads F16 and BF16", (t) => {
  const folder = writeHubFolder(temporaryFolder(t), CONFIG, makeWeights(CONFIG));
  const values = Uint8Array.of(0x00, 0x3c, 0x01, 0xc0, 0x80, 0x3f, 0x10, 0xc0);
  writeFileSync(
    join(folder, "model.safetensors"),
    safetensorsBytes([
      { name: "half", dtype: "F16", shape: [1, 2], bytes: values.subarray(0, 4) },
      { name: "brain", dtype: "BF16", shape: [2], bytes: values.subarray(4) },
    ]),
  );
  const source = openHubFolder(folder);
  t.after(() => source.close());
  assert.deepEqual(readRows(source.tensors.get("half")!, 0, 1), Float32Array.of(1, -2 - 2 ** -9));
  assert.deepEqual(readRows(source.tensors.get("brain")!, 0, 1), Float32Array.of(1, -2.25));
});

test("openHubFolder() finds the template and what ends an answer in whichever file has them", (t) => {
  const folder = writeHubFolder(temporaryFolder(t), CONFIG, makeWeights(CONFIG));
  const open = () => {
    const source = openHubFolder(folder);
    source.close();
    return source;
  };
  const list = [
    { name: "tool_use", template: "b" },
    { name: "default", template: "a" },
  ];
  writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify({ chat_template: list }));
  assert.equal(open().chat_template, "a");
  writeFileSync(join(folder, "chat_template.jinja"), "own file");
  assert.equal(open().chat_template, "own file");
  rmSync(join(folder, "chat_template.jinja"));
  rmSync(join(folder, "tokenizer_config.json"));
  assert.equal(open().chat_template, null);

  rmSync(join(folder, "generation_config.json"));
  assert.deepEqual(open().generation, { eos_token_id: [1258, 1256] });
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as object;
  writeFileSync(join(folder, "config.json"), JSON.stringify({ ...config, eos_token_id: 1256 }));
  assert.deepEqual(open().generation, { eos_token_id: [1256, 1258] });
});

test("openHubFolder() takes attention_bias from the tensors", (t) => {
  const config = { ...CONFIG, attention_bias: false };
  const source = openHubFolder(writeHubFolder(temporaryFolder(t), config, makeWeights(config)));
  source.close();
  assert.equal(source.config.attention_bias, false);
});

test("openHubFolder() takes the angles' base from where transformers 4 and 5 write it", (t) => {
  const folder = writeHubFolder(temporaryFolder(t), CONFIG, makeWeights(CONFIG));
  const path = join(folder, "config.json");
  const { rope_theta, ...rest } = JSON.parse(readFileSync(path, "utf8"));
  const open = (rope: object) => {
    writeFileSync(path, JSON.stringify({ ...rest, ...rope }));
    const source = openHubFolder(folder);
    source.close();
    return source.config.rope_theta;
  };
  assert.equal(rope_theta, 1e6);
  assert.equal(open({ rope_theta: 5e5 }), 5e5);
  assert.equal(open({ rope_parameters: { rope_theta: 5e5, rope_type: "default" } }), 5e5);
  assert.equal(open({}), 1e4); // transformers' own default
});

test("openHubFolder() takes YaRN from where transformers 4 and 5 write it, and Dual Chunk Attention", (t) => {
  const folder = writeHubFolder(temporaryFolder(t), CONFIG, makeWeights(CONFIG));
  const path = join(folder, "config.json");
  const { rope_theta, ...rest } = JSON.parse(readFileSync(path, "utf8"));
  const open = (fields: object) => {
    writeFileSync(path, JSON.stringify({ ...rest, ...fields }));
    const source = openHubFolder(folder);
    source.close();
    return source.config;
  };
  const yarn = { factor: 4, original_max_position_embeddings: 512 };
  const expected = { rope_type: "yarn", ...yarn, beta_fast: 32, beta_slow: 1 };
  assert.deepEqual(open({ rope_theta, rope_scaling: { type: "yarn", ...yarn } }).rope_scaling, expected);
  const newer = open({ rope_parameters: { rope_theta: 5e5, rope_type: "yarn", ...yarn } });
  assert.deepEqual(newer.rope_scaling, expected);
  assert.equal(newer.rope_theta, 5e5);
  const dual = { chunk_size: 96, local_size: 32 };
  assert.deepEqual(open({ dual_chunk_attention_config: dual }).dual_chunk_attention_config, dual);
});

test("openHubFolder() refuses folders with something missing or wrong, in one line", (t) => {
  const refuses = (change: (folder: string) => void, message: RegExp, parts = 1) => {
    const folder = writeHubFolder(temporaryFolder(t), CONFIG, makeWeights(CONFIG), parts);
    change(folder);
    assert.throws(
      () => openHubFolder(folder),
      (error) => error instanceof ModelFileError && message.test(error.message) && !error.message.includes("\n"),
    );
  };
  const remove = (name: string) => (folder: string) => rmSync(join(folder, name));
  const write = (name: string, text: string) => (folder: string) => writeFileSync(join(folder, name), text);
  refuses(remove("config.json"), /has no config.json/);
  refuses(remove("tokenizer.json"), /has no tokenizer.json/);
  refuses(remove("model.safetensors"), /has neither model.safetensors nor/);
  refuses(write("config.json", "{"), /config.json: is not JSON/);
  refuses(write("config.json", "[1]"), /unknown architecture null/);
  refuses(
    write("config.json", '{"model_type":"qwen2","quantization_config":{}}'),
    /quantized model; pack the original/,
  );
  refuses(write("generation_config.json", '{"eos_token_id":"a"}'), /eos_token_id is not a list/);
  refuses(remove("model-00002-of-00003.safetensors"), /cannot be opened/, 3);
  const map = (part: unknown) =>
    write("model.safetensors.index.json", JSON.stringify({ weight_map: { [EMBED]: part } }));
  refuses(map("../other.safetensors"), /expected a plain file name/, 3);
  refuses(map("model-00002-of-00003.safetensors"), /has no tensor "model.embed_tokens.weight", which the index/, 3);
});

test("readSafetensors() refuses headers that cannot be, in one line", (t) => {
  const folder = writeHubFolder(temporaryFolder(t), CONFIG, makeWeights(CONFIG));
  const refuses = (bytes: Uint8Array, message: RegExp) => {
    writeFileSync(join(folder, "model.safetensors"), bytes);
    assert.throws(
      () => openHubFolder(folder),
      (error) => error instanceof ModelFileError && message.test(error.message) && !error.message.includes("\n"),
    );
  };
  const file = (header: unknown, data = 8) => {
    const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
    const bytes = new Uint8Array(8 + json.length + data);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
    bytes.set(json, 8);
    return bytes;
  };
  const entry = (change: object) => file({ [NORM]: { dtype: "F32", shape: [2], data_offsets: [0, 8], ...change } });
  refuses(new Uint8Array(5), /shorter than 8 bytes/);
  refuses(new Uint8Array(64).fill(255), /claims a header of 18446744073709551615 bytes/);
  refuses(file("{}").subarray(0, 9), /truncated/);
  refuses(file("{"), /its header is not JSON/);
  refuses(file("3"), /not an object/);
  refuses(entry({ dtype: "I8" }), /has the type "I8"; expected F32, F16, BF16/);
  refuses(entry({ shape: [2.5] }), /has no shape/);
  refuses(entry({ shape: [] }), /has no shape/);
  refuses(entry({ shape: [2 ** 31, 2 ** 31] }), /needs 18446744073709552000/);
  refuses(entry({ data_offsets: [0, 9] }), /has 9 bytes; its shape 2 needs 8/);
  refuses(entry({ data_offsets: [-8, 0] }), /has no data_offsets/);
  refuses(entry({ data_offsets: [4, 12] }), /it is truncated, download it again/);
});
