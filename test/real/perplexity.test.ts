// The real model's perplexity on the committed text, beside what transformers gives for the same GGUF file.
// bench/results/perplexity.json holds that figure; scripts/golden/perplexity.py made it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { perplexity } from "../../scripts/eval/score.ts";
import { encodeFile } from "../../scripts/eval.ts";
import { openModel } from "../../scripts/forward.ts";
import { realModel, skip } from "./model.ts";

const path = (name: string) => fileURLToPath(new URL(`../../bench/${name}`, import.meta.url));

test("perplexity with q8 is within 1 % of transformers' on the same text", { skip }, async (t) => {
  const recorded = JSON.parse(readFileSync(path("results/perplexity.json"), "utf8")).transformers;
  const folder = await realModel();
  const model = await openModel(folder, { context: recorded.context, rows: 64 });
  const ids = await encodeFile(folder, path("texts/mixed.txt"));
  const found = await perplexity(model, ids, { context: recorded.context });
  t.diagnostic(`${found.perplexity} against ${recorded.perplexity}`);
  assert.equal(found.ids_sha256, recorded.ids_sha256, "both tokenizers must give the same ids");
  assert.equal(found.tokens, recorded.tokens);
  // In q4 the 0.5B loses about 12 %, which is another matter than a mistake.
  const allowed = model.manifest.quant === "q8" ? 0.01 : 0.2;
  const ratio = found.perplexity / recorded.perplexity;
  assert.ok(Math.abs(ratio - 1) < allowed, `${found.perplexity} is ${ratio} of ${recorded.perplexity}`);
});
