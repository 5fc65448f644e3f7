import assert from "node:assert/strict";
import { test } from "node:test";
import { chunkLength } from "../../src/model/long-context.ts";
import { maxPositions, modelTensors, parseConfig } from "../../src/model/qwen2.ts";

const json = {
  model_type: "qwen2",
  hidden_size: 896,
  intermediate_size: 4864,
  num_hidden_layers: 24,
  num_attention_heads: 14,
  num_key_value_heads: 2,
  vocab_size: 151_936,
  rms_norm_eps: 1e-6,
  rope_theta: 1_000_000,
  tie_word_embeddings: true,
};

test("parseConfig() reads the published 0.5B, with the head size that its heads imply", () => {
  const config = parseConfig(json);
  assert.equal(config.head_dim, 64);
  assert.equal(config.attention_bias, true);
  assert.equal(modelTensors(config).size, 290);
});

const YARN = { type: "yarn", factor: 4, original_max_position_embeddings: 32_768 };

test("parseConfig() reads YaRN in both spellings, with the defaults of its fields, and what it wrote itself", () => {
  const expected = {
    rope_type: "yarn",
    ...{ factor: 4, original_max_position_embeddings: 32_768, beta_fast: 32, beta_slow: 1 },
  };
  const config = parseConfig({ ...json, rope_scaling: YARN });
  assert.deepEqual(config.rope_scaling, expected);
  assert.equal(maxPositions(config), 131_072);
  assert.deepEqual(parseConfig(JSON.parse(JSON.stringify(config))), config);
  const { type, ...fields } = YARN;
  const newer = { ...fields, rope_type: type, rope_theta: 1e6, attention_factor: 0.5 };
  const { rope_scaling } = parseConfig({ ...json, rope_scaling: newer });
  assert.deepEqual(rope_scaling, { ...expected, attention_factor: 0.5 });
});

test("parseConfig() takes plain RoPE for what it is, and leaves the fields away", () => {
  for (const rope_scaling of [undefined, null, { rope_type: "default" }]) {
    const config = parseConfig({ ...json, rope_scaling });
    assert.ok(!("rope_scaling" in config) && !("dual_chunk_attention_config" in config));
    assert.equal(maxPositions(config), 32_768);
  }
});

test("parseConfig() reads Dual Chunk Attention as the 1M models have it", () => {
  const dual = { chunk_size: 262_144, local_size: 8_192, original_max_position_embeddings: 262_144 };
  const config = parseConfig({ ...json, dual_chunk_attention_config: dual });
  assert.deepEqual(config.dual_chunk_attention_config, dual);
  assert.equal(chunkLength(dual), 253_952);
});

for (const [change, message] of [
  [{ model_type: "llama" }, /unknown architecture "llama"/],
  [{ hidden_size: 1e300 }, /hidden_size is 1e\+300/],
  [{ num_hidden_layers: -1 }, /num_hidden_layers is -1/],
  [{ num_key_value_heads: 4 }, /not a multiple/],
  [{ intermediate_size: 100 }, /intermediate_size is 100; expected a multiple of 32/],
  [{ rope_theta: "x" }, /rope_theta/],
  [{ rope_scaling: "yarn" }, /rope_scaling is not an object/],
  [{ rope_scaling: { type: "linear", factor: 2 } }, /rope_scaling has type "linear"; only "yarn"/],
  [{ rope_scaling: { factor: 2 } }, /rope_scaling has type null/],
  [{ rope_scaling: { type: "yarn" } }, /rope_scaling has factor null; expected a number from 1 to 10000/],
  [{ rope_scaling: { type: "yarn", factor: 0.5 } }, /factor 0.5/],
  [
    { rope_scaling: { ...YARN, original_max_position_embeddings: 1.5 } },
    /original_max_position_embeddings 1.5; expected an integer/,
  ],
  [{ rope_scaling: { ...YARN, beta_fast: 1, beta_slow: 32 } }, /beta_slow 32 above beta_fast 1/],
  [{ rope_scaling: { ...YARN, attention_factor: "1" } }, /attention_factor "1"/],
  [{ rope_scaling: { ...YARN, mscale: 1 } }, /mscale/],
  [{ rope_scaling: YARN, rope_theta: 1 }, /rope_theta above 1/],
  [{ dual_chunk_attention_config: [] }, /dual_chunk_attention_config is not an object/],
  [{ dual_chunk_attention_config: { chunk_size: 64 } }, /local_size null/],
  [{ dual_chunk_attention_config: { chunk_size: 64, local_size: 64 } }, /chunk_size - local_size 0/],
  [{ dual_chunk_attention_config: { chunk_size: 100, local_size: 50 } }, /50; expected a multiple of 32/],
  [{ use_sliding_window: true }, /use_sliding_window/],
] as const) {
  test(`parseConfig() refuses ${JSON.stringify(change)}, naming the field`, () => {
    assert.throws(() => parseConfig({ ...json, ...change }), { name: "ModelFileError", message });
  });
}
