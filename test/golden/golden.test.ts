// The engine against transformers (PyTorch, float32) on tiny random models that cover every variant; Dual Chunk Attention,
// which transformers has not, against scripts/golden/long_way.py, which agrees with transformers on all the others.
// scripts/golden/make.py made the fixtures from the packed weights themselves, so nothing but arithmetic differs.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createReference } from "../../kernels/reference.ts";
import { compiledKernels } from "../../scripts/forward.ts";
import { parseManifest } from "../../src/model/manifest.ts";
import { type Golden, readGolden } from "./safetensors.ts";
import { pick, relativeL2, type Trace, trace } from "./trace.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/golden/", import.meta.url));
const CASES = readdirSync(FIXTURES, { withFileTypes: true }).filter((entry) => entry.isDirectory());

/** Every float operation rounds once, in another order than PyTorch's: this is what that may cost. */
const FLOAT_TOLERANCE = 1e-5;
/** What int8 activations and bf16 keys and values cost on models this small; a mistake costs far more. */
const QUANTIZED_TOLERANCE = 0.05;

/** Relative L2 error of everything that golden and trace both hold. */
function errors(found: Trace, golden: Golden, tokens: number): Map<string, number> {
  const positions = golden.tensors.get("positions")!.values;
  const all = new Map<string, number>();
  for (const [name, values] of found) {
    const expected = golden.tensors.get(name);
    if (expected === undefined) continue; // the inside of a branch has no module of its own there
    const [rows = 0, columns = 0] = expected.shape;
    // The engine gives no logits of padding rows.
    const isHead = name === "lm_head";
    const own = pick(values, isHead ? tokens : columns, positions);
    const theirs = isHead
      ? pick(
          Float32Array.from(expected.values),
          columns,
          Array.from({ length: rows }, (_, i) => i),
          tokens,
        )
      : expected.values;
    all.set(name, relativeL2(own, theirs));
  }
  return all;
}

for (const { name } of CASES) {
  const folder = `${FIXTURES}${name}`;
  const golden = readGolden(`${folder}/golden.safetensors`);
  const ids = Array.from(golden.tensors.get("input_ids")!.values);
  const { config, quant, stages, tokenizer } = parseManifest(
    JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8")),
  );
  const variant = `${config.num_attention_heads}:${config.num_key_value_heads} heads of ${config.head_dim}, ${quant}`;

  test(`${name} (${variant}): the float reference agrees with the golden after each layer and in the logits`, async () => {
    const bindKernels = (memory: WebAssembly.Memory) => createReference(memory, { activations: "float", kv: "float" });
    const found = errors(await trace(folder, ids, { chunk: 48, bindKernels }), golden, tokenizer.tokens);
    for (let layer = 0; layer < config.num_hidden_layers; layer++) {
      for (const part of ["", ".self_attn", ".mlp"]) assert.ok(found.has(`model.layers.${layer}${part}`));
    }
    assert.ok(found.has("lm_head"));
    assert.equal(found.has("model.embed_tokens"), stages.length > 1);
    for (const [part, error] of found) assert.ok(error < FLOAT_TOLERANCE, `${part}: relative error ${error}`);
  });

  test(`${name} (${variant}): the kernels equal the quantizing reference, and err no more than it does`, async () => {
    const reference = await trace(folder, ids, { chunk: ids.length, bindKernels: createReference });
    const allowed = errors(reference, golden, tokenizer.tokens);
    for (const kernels of ["i32", "i16", "plain"] as const) {
      // Chunks that end within pages: cutting a prompt must not change a bit.
      const own = await trace(folder, ids, { chunk: 41, bindKernels: compiledKernels(kernels) });
      assert.deepEqual([...own.keys()].sort(), [...reference.keys()].sort());
      for (const [part, values] of own) assert.ok(isSame(values, reference.get(part)!), `${kernels}: ${part} differs`);
      for (const [part, error] of errors(own, golden, tokenizer.tokens)) {
        assert.ok(error <= 1.1 * allowed.get(part)!, `${kernels}: ${part} errs by ${error}, not ${allowed.get(part)}`);
        assert.ok(error < QUANTIZED_TOLERANCE, `${kernels}: ${part} errs by ${error}`);
      }
    }
  });
}

test("the goldens cover every variant of the architecture", () => {
  const manifests = CASES.map(({ name }) => JSON.parse(readFileSync(`${FIXTURES}${name}/manifest.json`, "utf8")));
  const seen = new Set(
    manifests.flatMap(({ config: c, quant, stages }) => [
      `ratio ${c.num_attention_heads / c.num_key_value_heads} head ${c.head_dim}`,
      `tied ${c.tie_word_embeddings}`,
      `bias ${c.attention_bias}`,
      quant,
      `stages ${stages.length > 1 ? "several" : "one"}`,
      `positions ${c.rope_scaling?.rope_type ?? (c.dual_chunk_attention_config ? "chunks" : "plain")}`,
      `rows ${c.vocab_size % 8 === 0 ? "even" : "odd"}`,
      `K ${c.hidden_size % 128 === 0 ? "even" : "odd"}`,
    ]),
  );
  const ratios = [1, 4, 7].flatMap((ratio) => [64, 128].map((head) => `ratio ${ratio} head ${head}`));
  const positions = ["plain", "yarn", "chunks"].map((kind) => `positions ${kind}`);
  const others = [
    "tied true",
    "tied false",
    "bias true",
    "bias false",
    "q4",
    "q8",
    "rows odd",
    "K odd",
    "stages one",
    "stages several",
  ];
  for (const variant of [...ratios, ...others, ...positions]) assert.ok(seen.has(variant), variant);
});

/** Bit for bit: -0 is not 0, a NaN equals itself. */
function isSame(a: Float32Array, b: Float32Array): boolean {
  return Buffer.from(a.buffer).equals(Buffer.from(b.buffer));
}
