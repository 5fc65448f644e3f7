// One model, cut and computed in many ways: the bits never change.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createReference } from "../../kernels/reference.ts";
import { pack } from "../../scripts/pack/pack.ts";
import type { Candidates } from "../../src/chain/merge.ts";
import type { Constraint } from "../../src/engine/frame.ts";
import { EMBED, HEAD } from "../../src/model/qwen2.ts";
import { type OpenOptions, openChain } from "../fakes/packed.ts";
import { CONFIG, ggufBytes, makeWeights, TINY } from "../pack/model.ts";

const STAGES = [1, 2, 3, 5];
const PROMPT = Array.from({ length: 75 }, (_, i) => (i * 37 + 11) % 300);
const STEPS = 12;
const constraint = {
  temperature: 0.8,
  top: 40,
  topRaw: 5,
  rawSums: true,
  adjustedSums: true,
  adjustments: [{ ids: Uint32Array.of(65, 70, 900), bias: 2, repetition: Math.fround(1.2), subtract: 0.5 }],
  tile: -1,
  wanted: [1, 200],
};

let folder = "";
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "qwen-edge-stages-"));
  for (const stages of STAGES) await pack(TINY, { out: join(folder, `${stages}`), stages, tileRows: 64, quant: "q8" });
  await pack(TINY, { out: join(folder, "q4"), tileRows: 64, quant: "q4" });
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Greedy ids and everything that the sampler sees on the way. */
async function answer(packed: string, options: OpenOptions = {}, prompt = PROMPT): Promise<Candidates[]> {
  const { chain } = await openChain(join(folder, packed), options);
  const session = await chain.open({ positions: prompt.length + STEPS, signal: new AbortController().signal });
  const seen = [await session.sync(prompt, constraint)];
  for (let i = 1; i < STEPS; i++) seen.push(await session.step(seen.at(-1)!.top[0]!.id, constraint));
  const again = await session.again({ ...constraint, tile: 3, top: 64, topRaw: 0, wanted: [] });
  session.close();
  return [...seen, again];
}

test("one model in 1, 2, 3 and 5 stages gives the same bits, log-sums included", async () => {
  const whole = await answer("1");
  assert.ok(new Set(whole.map((c) => c.top[0]!.id)).size > 1, "the tiny model says one thing only");
  assert.equal(whole.at(-1)!.top.length, 64);
  for (const stages of STAGES.slice(1)) assert.deepEqual(await answer(`${stages}`), whole);
});

for (const packed of ["1", "q4"]) {
  test(`every variant of the kernels and the reference give the same bits (${packed === "1" ? "q8" : packed})`, async () => {
    const expected = await answer(packed, { kernels: createReference });
    for (const kernels of ["i32", "i16", "plain"] as const) {
      assert.deepEqual(await answer(packed, { kernels }), expected, kernels);
    }
  });
}

// Shapes that the tiny model does not have: a head of its own, other head sizes, every ratio, no bias.
const SHAPES = [
  { tied: false, H: 2, KV: 2, head_dim: 64, D: 128, attention_bias: true },
  { tied: false, H: 7, KV: 1, head_dim: 32, D: 224, attention_bias: false },
  { tied: true, H: 4, KV: 1, head_dim: 128, D: 96, attention_bias: true },
];
for (const { tied, H, KV, head_dim, D, attention_bias } of SHAPES) {
  const name = `${tied ? "tied" : "untied"}-${H}-${KV}-${head_dim}`;
  test(`a random model (${name}) in 1 and 3 stages gives the same bits, from the packed file on`, async () => {
    const config = {
      ...CONFIG,
      ...{ hidden_size: D, num_attention_heads: H, num_key_value_heads: KV, head_dim, attention_bias },
      ...{ num_hidden_layers: 3, tie_word_embeddings: tied },
    };
    const path = join(folder, `${name}.gguf`);
    const metadata = { "qwen2.attention.key_length": head_dim, "qwen2.attention.value_length": head_dim };
    writeFileSync(path, ggufBytes(config, makeWeights(config, H), { metadata }));
    const answers: Candidates[][] = [];
    for (const stages of [1, 3]) {
      const { manifest } = await pack(path, { out: join(folder, `${name}-${stages}`), stages, tileRows: 128 });
      assert.deepEqual(manifest.config, config);
      assert.equal(manifest.stages.length, stages);
      assert.equal(
        manifest.stages.some(({ tensors }) => HEAD in tensors),
        !tied,
      );
      answers.push(await answer(`${name}-${stages}`));
    }
    assert.deepEqual(answers[1], answers[0]);
    assert.deepEqual(await answer(`${name}-3`, { kernels: createReference }), answers[0]);
  });
}

test("rows of the table that pad it are never chosen and change no bit", async () => {
  const weights = makeWeights(CONFIG);
  const answers: Candidates[][] = [];
  for (const [name, value] of [
    ["zero", 0],
    ["huge", 1e3],
  ] as const) {
    weights.get(EMBED)!.fill(value, 1278 * CONFIG.hidden_size);
    writeFileSync(join(folder, `${name}.gguf`), ggufBytes(CONFIG, weights));
    await pack(join(folder, `${name}.gguf`), { out: join(folder, name), tileRows: 128 });
    answers.push(await answer(name));
  }
  assert.deepEqual(answers[1], answers[0]);
  for (const { top, topRaw } of answers[1]!) assert.ok([...top, ...topRaw].every(({ id }) => id < 1278));
});

test("any number of adjustments reaches the logits, and the raw ones are kept beside them", async () => {
  const tokens = 1278;
  const { chain } = await openChain(join(folder, "3"));
  const session = await chain.open({ positions: 80, signal: new AbortController().signal });
  const all = Array.from({ length: tokens }, (_, id) => id);
  const bias = (id: number) => Math.fround(Math.sin(id));
  const adjustments = all.map((id) => ({
    ids: Uint32Array.of(id),
    ...{ bias: bias(id), repetition: 1, subtract: id % 3 },
  }));
  const plain = { ...constraint, adjustments: [], wanted: all };
  const raw = new Map((await session.sync(PROMPT, plain)).wanted.map(({ id, logit }) => [id, logit]));
  const { top, wanted } = await session.again({ ...plain, adjustments, top: 2_048 });
  assert.equal(top.length, tokens);
  assert.deepEqual(new Map(wanted.map(({ id, logit }) => [id, logit])), raw);
  for (const { id, logit, adjusted } of top) {
    assert.equal(logit, raw.get(id));
    assert.equal(adjusted, Math.fround(Math.fround(raw.get(id)! + bias(id)) - (id % 3)));
  }
  session.close();
});

test("ids adjusted together, more than a batch of the kernel's, have the bits that each has alone, in 1 and 3 stages", async () => {
  const ids = Uint32Array.from({ length: 1_200 }, (_, i) => i + 20);
  const alike = { bias: 0, repetition: Math.fround(1.1), subtract: 0 };
  const answers: Candidates[] = [];
  for (const packed of ["1", "3"]) {
    const { chain } = await openChain(join(folder, packed));
    const session = await chain.open({ positions: 80, signal: new AbortController().signal });
    const plain = await session.sync(PROMPT, { ...constraint, adjustments: [], top: 2_048 });
    const ask = (adjustments: Constraint["adjustments"]) => session.again({ ...constraint, adjustments, top: 2_048 });
    answers.push(await ask([{ ids, ...alike }]));
    answers.push(await ask([...ids].map((id) => ({ ids: Uint32Array.of(id), ...alike })).reverse()));
    const raw = new Map(plain.top.map(({ id, logit }) => [id, logit]));
    for (const { id, logit, adjusted } of answers[0]!.top) {
      assert.equal(logit, raw.get(id));
      const penalized = logit > 0 ? logit / alike.repetition : logit * alike.repetition;
      assert.equal(adjusted, ids.includes(id) ? Math.fround(penalized) : logit);
    }
    session.close();
  }
  for (const other of answers.slice(1)) assert.deepEqual(other, answers[0]);
});

test("sums come back only when asked for; the rest has the same bits without them", async () => {
  const { chain } = await openChain(join(folder, "2"));
  const session = await chain.open({ positions: 80, signal: new AbortController().signal });
  const full = await session.sync(PROMPT, constraint);
  const bare = await session.again({ ...constraint, rawSums: false, adjustedSums: false });
  assert.ok(Number.isFinite(full.rawLogSum) && Number.isFinite(full.adjustedLogSum));
  assert.deepEqual(bare, { ...full, rawLogSum: Number.NaN, adjustedTiles: [], adjustedLogSum: Number.NaN });
  session.close();
});

test("a prompt in chunks of any size gives the same bits", async () => {
  const whole = await answer("1", { rows: 128 });
  for (const rows of [1, 2, 7, 32, 33]) assert.deepEqual(await answer("1", { rows }), whole, `${rows} rows`);
});

test("sessions side by side give what each gives alone, also where their rows share a frame", async () => {
  const prompts = [3, 33, 64, 70].map((length) => PROMPT.slice(0, length));
  const alone = [];
  for (const prompt of prompts) alone.push(await answer("1", {}, prompt));
  const { chain } = await openChain(join(folder, "1"));
  const together = await Promise.all(
    prompts.map(async (prompt) => {
      const session = await chain.open({ positions: 90, signal: new AbortController().signal });
      const seen = [await session.sync(prompt, constraint)];
      for (let i = 1; i < STEPS; i++) seen.push(await session.step(seen.at(-1)!.top[0]!.id, constraint));
      session.close();
      return seen;
    }),
  );
  assert.deepEqual(
    together,
    alone.map((seen) => seen.slice(0, -1)),
  );
});
