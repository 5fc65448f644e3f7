import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { divergence } from "../../scripts/eval/logits.ts";
import { openCompared, perplexity } from "../../scripts/eval/score.ts";
import { run } from "../../scripts/eval.ts";
import { compiledKernels, openModel } from "../../scripts/forward.ts";
import { pack } from "../../scripts/pack/pack.ts";
import { trace } from "../golden/trace.ts";
import { CONFIG, ggufBytes, makeWeights, TINY, temporaryFolder } from "../pack/model.ts";

const FOLDER = fileURLToPath(new URL("../fixtures/golden/mha-128", import.meta.url));
const IDS = Array.from({ length: 90 }, (_, i) => (i * 37 + 11) % 290);

/** ln softmax(logits), in double precision. */
function logSoftmax(logits: Float32Array): Float64Array {
  const max = Math.max(...logits);
  const logSum = max + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - max), 0));
  return Float64Array.from(logits, (x) => x - logSum);
}

/** Those of every row of a window that has a follower, by the way that goldens are compared. */
async function rowsOf(folder: string, window: readonly number[]): Promise<Float64Array[]> {
  const logits = (await trace(folder, window, { chunk: 40, bindKernels: compiledKernels() })).get("lm_head")!;
  const tokens = logits.length / window.length;
  return window.slice(1).map((_, row) => logSoftmax(logits.subarray(row * tokens, (row + 1) * tokens)));
}

test("perplexity() scores every id but each window's first, from that window's own logits", async () => {
  const model = await openModel(FOLDER, { rows: 16, context: 40 });
  const found = await perplexity(model, IDS, { context: 40 });
  const windows = [IDS.slice(0, 40), IDS.slice(40, 80), IDS.slice(80)];
  let sum = 0;
  for (const window of windows) {
    for (const [row, logs] of (await rowsOf(FOLDER, window)).entries()) sum -= logs[window[row + 1]!]!;
  }
  assert.equal(found.tokens, 87);
  assert.equal(found.windows, 3);
  assert.equal(found.against, undefined);
  assert.ok(Math.abs(found.nats_per_token - sum / 87) < 1e-6, `${found.nats_per_token} is not ${sum / 87}`);
  assert.ok(Math.abs(Math.log(found.perplexity) - found.nats_per_token) < 1e-12);
});

test("perplexity() passes over a last window of one id, and rejects a text of one", async () => {
  const model = await openModel(FOLDER, { rows: 16, context: 40 });
  assert.equal((await perplexity(model, IDS.slice(0, 41), { context: 40 })).tokens, 39);
  await assert.rejects(perplexity(model, [1], { context: 40 }), RangeError);
});

test("divergence() is D(reference || other): by hand for two tokens, 0 for equal rows, and not symmetric", () => {
  const row = (...p: number[]) => ({ logits: Float32Array.from(p, (x) => Math.log(x) + 3), logSum: 3 });
  const expected = 0.75 * Math.log(0.75 / 0.5) + 0.25 * Math.log(0.25 / 0.5);
  assert.ok(Math.abs(divergence(row(0.75, 0.25), row(0.5, 0.5)) - expected) < 1e-6);
  assert.equal(divergence(row(0.75, 0.25), row(0.75, 0.25)), 0);
  assert.ok(Math.abs(divergence(row(0.5, 0.5), row(0.75, 0.25)) - expected) > 1e-3);
});

test("perplexity() against a reference: the divergence and agreement of all logits, however both are cut", async (t) => {
  const folder = temporaryFolder(t);
  const [q4, q8] = [join(folder, "q4"), join(folder, "q8")];
  await pack(TINY, { out: q4, quant: "q4", stages: 3, tileRows: 128 });
  await pack(TINY, { out: q8, quant: "q8" });
  const options = { rows: 16, context: 40 };
  const model = await openCompared(q4, options);
  const against = { reference: await openCompared(q8, options), kept: model.kept };
  const found = await perplexity(model, IDS, { context: 40, against });
  let [kl, same] = [0, 0];
  for (const window of [IDS.slice(0, 40), IDS.slice(40, 80), IDS.slice(80)]) {
    const [ours, theirs] = [await rowsOf(q4, window), await rowsOf(q8, window)];
    for (const [row, p] of theirs.entries()) {
      const q = ours[row]!;
      kl += p.reduce((sum, log, id) => sum + Math.exp(log) * (log - q[id]!), 0);
      if (p.indexOf(Math.max(...p)) === q.indexOf(Math.max(...q))) same++;
    }
  }
  assert.ok(kl / 87 > 1e-3 && same < 87, "q4 and q8 must differ for this to say anything");
  assert.ok(Math.abs(found.against!.kl_divergence - kl / 87) < 1e-5, `${found.against!.kl_divergence}, not ${kl / 87}`);
  assert.equal(found.against!.top1_agreement, same / 87);
  const itself = { reference: await openCompared(q4, options), kept: model.kept };
  const none = await perplexity(model, IDS, { context: 40, against: itself });
  assert.deepEqual(none.against, { kl_divergence: 0, top1_agreement: 1 });
});

test("eval prints perplexity, divergence and agreement for each text and for all", async (t) => {
  const folder = temporaryFolder(t);
  await pack(TINY, { out: join(folder, "q4"), quant: "q4" });
  await pack(TINY, { out: join(folder, "q8"), quant: "q8" });
  writeFileSync(join(folder, "a.txt"), "The lamp is lit at dusk, and the reef is seen from far away.");
  writeFileSync(join(folder, "b.txt"), "茶与水");
  const log = t.mock.method(console, "log", () => {});
  const texts = ["--text", join(folder, "a.txt"), "--text", join(folder, "b.txt")];
  const args = ["--model", join(folder, "q4"), "--against", join(folder, "q8"), ...texts];
  assert.equal(await run(args), 0);
  const lines = String(log.mock.calls[0]!.arguments[0]).split("\n");
  assert.equal(lines.length, 3);
  for (const [i, text] of ["a.txt", "b.txt", "all texts"].entries()) {
    const figures = /perplexity \d.*; against \S+ q8: KL divergence 0\.\d{5} nats, top-1 agreement \d+\.\d\d %$/;
    assert.ok(lines[i]!.includes(` q4 on ${text}: `) && figures.test(lines[i]!), lines[i]);
  }
  assert.equal(await run([...args, "--json"]), 0);
  const report = JSON.parse(String(log.mock.calls[1]!.arguments[0]));
  const [a, b] = report.by_text;
  assert.equal(report.tokens, a.tokens + b.tokens);
  const mean = (a.against.kl_divergence * a.tokens + b.against.kl_divergence * b.tokens) / report.tokens;
  assert.ok(Math.abs(report.against.kl_divergence - mean) < 1e-12);
  await assert.rejects(run(["--model", join(folder, "q4"), "--against", FOLDER, ...texts]), /another tokenizer/);
});

for (const change of [{ num_hidden_layers: 3 }, { intermediate_size: 128 }, { rope_theta: 1e4 }]) {
  const field = Object.keys(change).join();
  test(`eval refuses another model that has the same tokenizer: another ${field}`, async (t) => {
    const folder = temporaryFolder(t);
    for (const [name, config] of Object.entries({ one: CONFIG, other: { ...CONFIG, ...change } })) {
      writeFileSync(join(folder, `${name}.gguf`), ggufBytes(config, makeWeights(config)));
      await pack(join(folder, `${name}.gguf`), { out: join(folder, name), quant: "q8" });
    }
    writeFileSync(join(folder, "a.txt"), "The lamp is lit at dusk.");
    const args = ["--model", join(folder, "one"), "--against", join(folder, "other"), "--text", join(folder, "a.txt")];
    const message = `--against has another ${field}: other and one are not two packings of one model`;
    await assert.rejects(run(args), { name: "UsageError", message });
  });
}

test("the kinds of text in bench/texts are mixed.txt, cut", () => {
  const read = (name: string) => readFileSync(new URL(`../../bench/texts/${name}.txt`, import.meta.url), "utf8");
  assert.equal(["english", "chinese", "code"].map(read).join(""), read("mixed"));
});
