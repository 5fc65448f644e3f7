import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { perplexity } from "../../scripts/eval.ts";
import { compiledKernels, openModel } from "../../scripts/forward.ts";
import { trace } from "../golden/trace.ts";

const FOLDER = fileURLToPath(new URL("../fixtures/golden/mha-128", import.meta.url));
const IDS = Array.from({ length: 90 }, (_, i) => (i * 37 + 11) % 290);

/** -log softmax(logits)[id], in double precision. */
function nats(logits: Float32Array, id: number): number {
  const max = Math.max(...logits);
  return max + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - max), 0)) - logits[id]!;
}

test("perplexity() scores every id but each window's first, from that window's own logits", async () => {
  const model = await openModel(FOLDER, { rows: 16, context: 40 });
  const found = await perplexity(model, IDS, { context: 40 });
  const windows = [IDS.slice(0, 40), IDS.slice(40, 80), IDS.slice(80)];
  let sum = 0;
  for (const window of windows) {
    const logits = (await trace(FOLDER, window, { chunk: 40, bindKernels: compiledKernels() })).get("lm_head")!;
    const tokens = logits.length / window.length;
    for (let row = 0; row + 1 < window.length; row++) {
      sum += nats(logits.subarray(row * tokens, (row + 1) * tokens), window[row + 1]!);
    }
  }
  assert.equal(found.tokens, 87);
  assert.equal(found.windows, 3);
  assert.ok(Math.abs(found.nats_per_token - sum / 87) < 1e-6, `${found.nats_per_token} is not ${sum / 87}`);
  assert.ok(Math.abs(Math.log(found.perplexity) - found.nats_per_token) < 1e-12);
});

test("perplexity() passes over a last window of one id, and rejects a text of one", async () => {
  const model = await openModel(FOLDER, { rows: 16, context: 40 });
  assert.equal((await perplexity(model, IDS.slice(0, 41), { context: 40 })).tokens, 39);
  await assert.rejects(perplexity(model, [1], { context: 40 }), RangeError);
});
