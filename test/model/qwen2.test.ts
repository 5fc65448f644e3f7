import assert from "node:assert/strict";
import { test } from "node:test";
import { modelTensors, parseConfig } from "../../src/model/qwen2.ts";

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

for (const [change, message] of [
  [{ model_type: "llama" }, /unknown architecture "llama"/],
  [{ hidden_size: 1e300 }, /hidden_size is 1e\+300/],
  [{ num_hidden_layers: -1 }, /num_hidden_layers is -1/],
  [{ num_key_value_heads: 4 }, /not a multiple/],
  [{ intermediate_size: 100 }, /intermediate_size is 100; expected a multiple of 32/],
  [{ rope_theta: "x" }, /rope_theta/],
  [{ rope_scaling: { type: "yarn" } }, /rope_scaling/],
  [{ use_sliding_window: true }, /use_sliding_window/],
] as const) {
  test(`parseConfig() refuses ${JSON.stringify(change)}, naming the field`, () => {
    assert.throws(() => parseConfig({ ...json, ...change }), { name: "ModelFileError", message });
  });
}
