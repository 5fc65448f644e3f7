// What a stage takes, weighed without loading it; 128 MB is a budget that only a test can hold: no local runtime does.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { placeTensors, planModel } from "../../scripts/pack/layout.ts";
import { pack } from "../../scripts/pack/pack.ts";
import { readConfig } from "../../src/config.ts";
import { Arena } from "../../src/engine/arena.ts";
import { layoutStage } from "../../src/engine/layout.ts";
import { loadStage } from "../../src/engine/stage.ts";
import { UnavailableError } from "../../src/errors.ts";
import { parseConfig } from "../../src/model/qwen2.ts";
import { openChain, readManifest } from "../fakes/packed.ts";
import { TINY, temporaryFolder } from "../pack/model.ts";

/** What an isolate on Cloudflare holds. */
const ISOLATE_BYTES = 128e6;
const TILE_ROWS = 2_048;
const QWEN_05B = parseConfig({
  model_type: "qwen2",
  hidden_size: 896,
  intermediate_size: 4_864,
  num_hidden_layers: 24,
  num_attention_heads: 14,
  num_key_value_heads: 2,
  vocab_size: 151_936,
  tie_word_embeddings: true,
});

/** Bytes of each stage's memory, for the real 0.5B in q4: weights, KV pages and buffers. */
function stageBytes(stages: number, kvPositions: number): number[] {
  const plans = planModel(QWEN_05B, stages, { quant: "q4", tileRows: TILE_ROWS });
  return plans.map((plan) => {
    const last = placeTensors(QWEN_05B, plan, "q4").at(-1)!;
    const limits = { rows: 60, kvPositions, context: 4_096 };
    const model = { config: QWEN_05B, tile_rows: TILE_ROWS };
    return layoutStage(model, { ...plan, bytes: last.offset + last.bytes }, limits).arena.bytes;
  });
}

test("the 0.5B in q4 fits isolates of 128 MB: in 5 stages with the default KV pool, in 3 with one of 4,096", () => {
  const { kvPositions } = readConfig({});
  assert.equal(kvPositions, 16_384);
  for (const [stages, positions] of [
    [5, kvPositions],
    [3, 4_096],
  ] as const) {
    for (const bytes of stageBytes(stages, positions)) assert.ok(bytes < ISOLATE_BYTES, `${stages}: ${bytes} bytes`);
    // One stage less is not enough, so the numbers above are measured and not merely generous.
    assert.ok(Math.max(...stageBytes(stages - 1, positions)) > ISOLATE_BYTES);
  }
  assert.ok(stageBytes(1, 0)[0]! > 278e6, "the weights alone");
});

test("loadStage() takes the memory that layoutStage() says, and not a page more", async (t) => {
  const out = join(temporaryFolder(t), "tiny");
  await pack(TINY, { out, stages: 3, tileRows: 128 });
  const { manifest, stages } = await openChain(out, { rows: 32, kvPositions: 2_048 });
  const limits = { rows: 32, kvPositions: 2_048, context: 2_048 };
  for (const [i, plan] of manifest.stages.entries()) {
    const { bytes } = layoutStage(manifest, plan, limits).arena;
    assert.equal(stages[i]!.memoryBytes, Math.ceil(bytes / 65_536) * 65_536);
  }
});

test("loadStage() refuses what exceeds its budget before it fetches a byte, and names what takes the room", async (t) => {
  const out = join(temporaryFolder(t), "tiny");
  await pack(TINY, { out });
  const limits = { rows: 32, kvPositions: 65_536, context: 2_048, budgetBytes: 8 * 2 ** 20 };
  const never = () => assert.fail("must not be called");
  await assert.rejects(
    loadStage(readManifest(out), 0, { limits, fetchChunk: never, bindKernels: never }),
    (error) =>
      error instanceof UnavailableError &&
      /needs \d+\.\d MiB \(KV pages \d+\.\d MiB, .*\) but may take 8\.0 MiB; use more stages/.test(error.message),
  );
});

test("Arena lays regions out in order, aligned, and gives memory within the budget", () => {
  const arena = new Arena();
  const first = arena.reserve("a", 100);
  const second = arena.reserve("b", 65_536);
  assert.equal(first, 65_536);
  assert.equal(second, 65_536 + 128);
  assert.equal(arena.bytes, second + 65_536);
  assert.equal(arena.open(3 * 65_536).buffer.byteLength, 3 * 65_536);
  assert.throws(() => arena.open(3 * 65_536 - 1), { name: "UnavailableError", status: 503 });
});

test("Arena says so, when the runtime has no memory left to give", (t) => {
  t.mock.method(WebAssembly, "Memory", function refuse() {
    throw new RangeError("could not allocate memory");
  });
  assert.throws(() => new Arena().open(2 ** 30), { name: "UnavailableError", message: /this runtime does not give/ });
});
