// KV in 8 bits, YaRN and Dual Chunk Attention keep the engine's law: however a model is cut and computed, the bits are the
// same. What they compute is right by the goldens; here they are only compared with themselves.

import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createReference } from "../../kernels/reference.ts";
import { pack } from "../../scripts/pack/pack.ts";
import type { Candidates } from "../../src/chain/merge.ts";
import { layoutStage } from "../../src/engine/layout.ts";
import { type OpenOptions, openChain, readManifest } from "../fakes/packed.ts";
import { seeded } from "../fakes/random.ts";
import { TINY, temporaryFolder } from "../pack/model.ts";

const golden = (name: string) => fileURLToPath(new URL(`../fixtures/golden/${name}`, import.meta.url));
const PROMPT = Array.from({ length: 107 }, (_, i) => (i * 37 + 11) % 290);
const STEPS = 6;
const constraint = {
  temperature: 0.8,
  top: 20,
  topRaw: 3,
  rawSums: true,
  adjustedSums: true,
  adjustments: [],
  tile: -1,
  wanted: [5],
};

/** Greedy steps after a prompt, and all that the sampler sees on the way. */
async function answer(folder: string, options: OpenOptions = {}, prompt = PROMPT): Promise<Candidates[]> {
  const { chain } = await openChain(folder, options);
  const session = await chain.open({ positions: prompt.length + STEPS, signal: new AbortController().signal });
  const seen = [await session.sync(prompt, constraint)];
  for (let i = 1; i < STEPS; i++) seen.push(await session.step(seen.at(-1)!.top[0]!.id, constraint));
  session.close();
  return seen;
}

for (const name of ["gqa7-64", "yarn-128", "dual-64", "dual-128"]) {
  for (const kvFormat of ["bf16", "q8"] as const) {
    test(`${name} with KV in ${kvFormat}: the same bits in every variant, the reference and any chunks`, async () => {
      const whole = await answer(golden(name), { kvFormat, rows: 128, kernels: "plain" });
      const next = seeded(7);
      const sizes = Array.from({ length: 4 }, () => 1 + Math.floor(next() * 40));
      for (const kernels of ["i32", "i16", "plain", createReference] as const) {
        const rows = sizes.pop()!;
        assert.deepEqual(await answer(golden(name), { kvFormat, rows, kernels }), whole, `${kernels}, ${rows} rows`);
      }
    });
  }
}

test("with KV in 8 bits a model in 1 and 3 stages gives the same bits, and others than with bf16", async (t) => {
  const folder = temporaryFolder(t);
  for (const stages of [1, 3]) await pack(TINY, { out: join(folder, `${stages}`), stages, tileRows: 128 });
  const whole = await answer(join(folder, "1"), { kvFormat: "q8" });
  assert.deepEqual(await answer(join(folder, "3"), { kvFormat: "q8" }), whole);
  assert.notDeepEqual(await answer(join(folder, "1")), whole);
});

test("with KV in 8 bits and chunks, sessions side by side give what each gives alone", async () => {
  const folder = golden("dual-64");
  const prompts = [3, 31, 33, 90].map((length) => PROMPT.slice(0, length));
  const { chain } = await openChain(folder, { kvFormat: "q8" });
  const together = await Promise.all(
    prompts.map(async (prompt) => {
      const session = await chain.open({ positions: prompt.length + 1, signal: new AbortController().signal });
      const seen = await session.sync(prompt, constraint);
      session.close();
      return seen;
    }),
  );
  for (const [i, prompt] of prompts.entries()) {
    assert.deepEqual(together[i], (await answer(folder, { kvFormat: "q8" }, prompt))[0], `prompt of ${prompt.length}`);
  }
});

test("Dual Chunk Attention is plain attention in its first chunk, and not beyond", async (t) => {
  const plain = join(temporaryFolder(t), "plain");
  cpSync(golden("dual-128"), plain, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(plain, "manifest.json"), "utf8"));
  assert.deepEqual(manifest.config.dual_chunk_attention_config, { chunk_size: 70, local_size: 38 });
  delete manifest.config.dual_chunk_attention_config;
  writeFileSync(join(plain, "manifest.json"), JSON.stringify(manifest));
  const short = PROMPT.slice(0, 32 - STEPS);
  assert.deepEqual(await answer(golden("dual-128"), {}, short), await answer(plain, {}, short));
  const longer = PROMPT.slice(0, 33);
  assert.notDeepEqual((await answer(golden("dual-128"), {}, longer))[0], (await answer(plain, {}, longer))[0]);
});

test("the budget counts KV pages as they are stored: a head's position is Dh + 4 bytes in 8 bits, 2 Dh in bf16", () => {
  const manifest = readManifest(golden("gqa7-64"));
  const { num_key_value_heads: KV, head_dim: Dh } = manifest.config;
  const bytes = (kvFormat: "bf16" | "q8" | undefined, kvPositions: number) =>
    layoutStage(manifest, manifest.stages[0]!, { rows: 8, kvPositions, context: 32, kvFormat }).arena.bytes;
  const layers = manifest.config.num_hidden_layers;
  const pages = (kvFormat: "bf16" | "q8") => bytes(kvFormat, 3_200) - bytes(kvFormat, 0);
  assert.equal(pages("q8"), 3_200 * 2 * KV * (Dh + 4) * layers);
  assert.equal(pages("bf16"), 3_200 * 2 * KV * 2 * Dh * layers);
  assert.equal(bytes(undefined, 3_200), bytes("bf16", 3_200));
});
