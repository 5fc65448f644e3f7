// One model, cut and computed in many ways: the bits never change.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createReference } from "../../kernels/reference.ts";
import { pack } from "../../scripts/pack/pack.ts";
import type { Candidates } from "../../src/chain/merge.ts";
import { type OpenOptions, openChain } from "../fakes/packed.ts";

const GGUF = new URL("../../models/tiny/tiny.gguf", import.meta.url).pathname;
const STAGES = [1, 2, 3, 5];
const PROMPT = Array.from({ length: 75 }, (_, i) => (i * 37 + 11) % 300);
const STEPS = 12;
const constraint = {
  temperature: 0.8,
  top: 40,
  topRaw: 5,
  adjustments: [{ id: 65, bias: 2, repetition: Math.fround(1.2), subtract: 0.5 }],
  tile: -1,
  wanted: [1, 200],
};

let folder = "";
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "qwen-edge-stages-"));
  for (const stages of STAGES) await pack(GGUF, { out: join(folder, `${stages}`), stages, tileRows: 64, quant: "q8" });
  await pack(GGUF, { out: join(folder, "q4"), tileRows: 64, quant: "q4" });
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

test("a prompt in chunks of any size gives the same bits", async () => {
  const whole = await answer("1", { rows: 128 });
  for (const rows of [2, 7, 32, 33]) assert.deepEqual(await answer("1", { rows }), whole, `${rows} rows`);
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
