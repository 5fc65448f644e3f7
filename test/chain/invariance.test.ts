// The law: a row's bits are the same alone, in any chunks, in any company, with its prefix computed or reused, paused or
// not, on every variant of the kernels and in any number of stages, however keys and values are kept and whether attention is
// cut into chunks. Random mixtures of real sessions, each compared with what it gives alone.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pack } from "../../scripts/pack/pack.ts";
import type { Chain } from "../../src/chain/chain.ts";
import type { Candidates } from "../../src/chain/merge.ts";
import { ChainSession } from "../../src/chain/session.ts";
import { random, signal } from "../fakes/chain.ts";
import { openChain } from "../fakes/packed.ts";
import { TINY } from "../pack/model.ts";

const STAGES = [1, 2, 3];
const VARIANTS = ["i16", "i32", "plain"] as const;
/** What one packed model is run as. */
const MODES = [
  { attention: "plain", kvFormat: "bf16" },
  { attention: "plain", kvFormat: "q8" },
  { attention: "dual", kvFormat: "bf16" },
  { attention: "dual", kvFormat: "q8" },
] as const;
/** Chunks of one page, so that a talk has keys of its own, of the last and of older chunks; scores grow from 50 on. */
const DUAL = { chunk_size: 48, local_size: 16, original_max_position_embeddings: 50 };
const constraint = {
  ...{ temperature: 0.8, top: 12, topRaw: 3, rawSums: true, adjustedSums: true, tile: -1, wanted: [7] },
  adjustments: [{ ids: Uint32Array.of(65), bias: 2, repetition: Math.fround(1.2), subtract: 0.5 }],
};

/** What is asked of one session: a prompt, then the tokens of its answer. */
interface Talk {
  readonly prompt: readonly number[];
  readonly answer: readonly number[];
}

interface Setting {
  readonly kernels: (typeof VARIANTS)[number];
  readonly stages: number;
  readonly mode: (typeof MODES)[number];
}

/** Talks that begin alike and part at any place, and the next turns of some. */
function makeTalks(seed: number): Talk[] {
  const next = random(seed);
  const ids = (length: number) => Array.from({ length }, () => Math.floor(next() * 1_200));
  const common = ids(90);
  const talks: Talk[] = [];
  for (let i = 0; i < 5; i++) {
    const prompt = [...common.slice(0, Math.floor(next() * 90)), ...ids(1 + Math.floor(next() * 50))];
    talks.push({ prompt, answer: ids(2 + Math.floor(next() * 6)) });
  }
  const grown = talks.slice(0, 3).map(({ prompt, answer }) => [...prompt, ...answer, ...ids(3)]);
  return [...talks, ...grown.map((prompt) => ({ prompt, answer: ids(2) }))];
}

async function run(chain: Chain, { prompt, answer }: Talk, scope?: string) {
  const positions = prompt.length + answer.length;
  // Let in as if its prompt were short, so that the pages run out.
  const session = await chain.open({ prompt: 1, positions, scope, signal: signal() });
  const seen: Candidates[] = [await session.sync(prompt, constraint)];
  for (const id of answer) seen.push(await session.step(id, constraint));
  seen.push(await session.again({ ...constraint, tile: 2 }));
  const { cachedTokens } = session;
  session.close();
  return { seen, cachedTokens };
}

let pauses = 0;
const pause = ChainSession.prototype.pause;
ChainSession.prototype.pause = function () {
  pauses++;
  pause.call(this);
};

let folder = "";
const packed = (attention: "plain" | "dual", stages: number) => join(folder, `${attention}-${stages}`);
const seeds = [1, 2, 3];
const talks = new Map(seeds.map((seed) => [seed, makeTalks(seed)]));
/** What each talk of a seed gives alone, by mode. */
const alone = new Map(MODES.map((mode) => [mode, new Map<number, Candidates[][]>()]));
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "qwen-edge-invariance-"));
  for (const stages of STAGES) {
    await pack(TINY, { out: packed("plain", stages), stages, tileRows: 128, quant: "q4" });
    cpSync(packed("plain", stages), packed("dual", stages), { recursive: true });
    const manifest = join(packed("dual", stages), "manifest.json");
    const content = JSON.parse(readFileSync(manifest, "utf8"));
    content.config.dual_chunk_attention_config = DUAL;
    writeFileSync(manifest, JSON.stringify(content));
  }
  for (const [{ attention, kvFormat }, bySeed] of alone) {
    const { chain } = await openChain(packed(attention, 1), { rows: 256, kvFormat });
    for (const seed of seeds) {
      const seen: Candidates[][] = [];
      for (const talk of talks.get(seed)!) seen.push((await run(chain, talk)).seen);
      bySeed.set(seed, seen);
    }
  }
});
after(() => rmSync(folder, { recursive: true, force: true }));

for (const kernels of VARIANTS) {
  for (const stages of STAGES) {
    for (const mode of MODES) {
      const { attention, kvFormat } = mode;
      const name = `${kernels}, ${stages} stages, ${attention} attention, KV in ${kvFormat}`;
      test(`any company, chunks, reuse and pauses give the same bits: ${name}`, async () => {
        for (const seed of seeds) await checkMixture(seed, { kernels, stages, mode });
      });
    }
  }
}

/** All talks of a seed at once, begun in a random order and in frames of random size; then some of them again. */
async function checkMixture(seed: number, { kernels, stages, mode }: Setting): Promise<void> {
  const next = random(seed * 100 + stages * 10 + kernels.length);
  const rows = 1 + Math.floor(next() * 70);
  // A pool of 8 pages: one session may need 6 of them.
  const options = { kernels, rows, kvPositions: 32 * 8, kvFormat: mode.kvFormat, maxSessions: 8, queue: 8 };
  const { chain } = await openChain(packed(mode.attention, stages), options);
  const order = talks.get(seed)!.map((talk, i) => ({ talk, i, at: next() }));
  const check = async ({ talk, i }: { talk: Talk; i: number }) => {
    const { seen, cachedTokens } = await run(chain, talk, "a");
    assert.deepEqual(seen, alone.get(mode)!.get(seed)![i], `seed ${seed}, talk ${i}, ${rows} rows`);
    return cachedTokens;
  };
  await Promise.all(order.sort((a, b) => a.at - b.at).map(check));
  // One after the other, so that the last one's prefix is there.
  const cached: number[] = [];
  for (const i of [0, 0, 5, 1, 6]) cached.push(await check({ talk: talks.get(seed)![i]!, i }));
  const [first, fifth] = [talks.get(seed)![0]!, talks.get(seed)![5]!];
  assert.equal(cached[1], first.prompt.length - 1, `seed ${seed}, ${rows} rows: talk 0 again`);
  assert.ok(cached[2]! >= fifth.prompt.length - 3, `seed ${seed}, ${rows} rows: talk 5 had ${cached[2]} cached`);
}

test("every mode gives bits of its own", () => {
  for (const [i, mode] of MODES.entries()) {
    for (const other of MODES.slice(i + 1)) assert.notDeepEqual(alone.get(mode), alone.get(other));
  }
});

test("the mixtures above were short of pages", () => assert.ok(pauses >= 36, `${pauses} pauses`));
