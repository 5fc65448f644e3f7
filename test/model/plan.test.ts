import assert from "node:assert/strict";
import { test } from "node:test";
import { planStages } from "../../src/model/plan.ts";
import { parseConfig } from "../../src/model/qwen2.ts";

const config = parseConfig({
  model_type: "qwen2",
  hidden_size: 896,
  intermediate_size: 4864,
  num_hidden_layers: 24,
  num_attention_heads: 14,
  num_key_value_heads: 2,
  vocab_size: 151_936,
  tie_word_embeddings: true,
});
// The 0.5B at 4.5 bits.
const weights = { layerBytes: 8_390_000, tileBytes: 1_032_192 };

for (const stages of [1, 2, 3, 5, 24]) {
  test(`planStages() joins ${stages} stages without gaps, on tile borders, nearly equal in bytes`, () => {
    const plan = planStages(config, stages, weights);
    assert.equal(plan.length, stages);
    let layer = 0;
    let row = 0;
    for (const { layers, rows } of plan) {
      assert.equal(layers[0], layer);
      assert.equal(rows[0], row);
      assert.equal(rows[0] % 2048, 0);
      layer = layers[1];
      row = rows[1];
    }
    assert.equal(layer, 24);
    assert.equal(row, 151_936);
    const sizes = plan.map(
      ({ layers, rows }) =>
        (layers[1] - layers[0]) * weights.layerBytes + Math.ceil((rows[1] - rows[0]) / 2048) * weights.tileBytes,
    );
    assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 2 * weights.layerBytes, sizes.join());
  });
}

test("planStages() refuses more stages than there are layers and tiles", () => {
  assert.throws(() => planStages(config, 200, weights), RangeError);
  assert.throws(() => planStages(config, 0, weights), RangeError);
});

test("planStages() refuses tiles that packed rows cannot be cut into", () => {
  for (const rows of [0, -8, 1, 6, 12, 2_056, 8.5, Number.NaN]) {
    assert.throws(() => planStages(config, 2, weights, rows), {
      name: "RangeError",
      message: /expected a multiple of 8/,
    });
  }
  for (const rows of [8, 40, 2_048]) assert.equal(planStages(config, 2, weights, rows).length, 2);
});
