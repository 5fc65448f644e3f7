import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Answer, answerTo, heldOutPrompts, isCorrect, openCompleter } from "../../scripts/eval-pocket.ts";
import { pack } from "../../scripts/pack/pack.ts";

/** The floor of `npm run eval:pocket` on every fifth prompt; the model card has the whole score. */
const FLOOR = 0.85;

const out = mkdtempSync(join(tmpdir(), "pocket-test-"));
const prompts = heldOutPrompts().filter((_, i) => i % 5 === 0);
const answers: Answer[] = [];

before(async () => {
  const gguf = fileURLToPath(new URL("../../models/pocket/pocket.gguf", import.meta.url));
  const { folder } = await pack(gguf, { out: join(out, "packed") });
  const completer = await openCompleter(folder);
  for (const { messages } of prompts) answers.push(await answerTo(completer, messages));
});

after(() => rmSync(out, { recursive: true }));

test("the pocket model answers held-out prompts through our engine", () => {
  const right = prompts.filter((prompt, i) => isCorrect(answers[i]!, prompt)).length;
  assert.ok(right >= FLOOR * prompts.length, `${right} of ${prompts.length}`);
});

test("its answers end by themselves", () => {
  const ended = answers.filter(({ reason }) => reason === "stop").length;
  assert.ok(ended >= 0.97 * answers.length, `${ended} of ${answers.length}`);
});

test("its answers, shuffled, score below 10 %", () => {
  const step = 37; // prime to 100, and beyond the size of a kind
  const right = prompts.filter((prompt, i) => isCorrect(answers[(i + step) % answers.length]!, prompt)).length;
  assert.ok(right < 0.1 * prompts.length, `${right} of ${prompts.length}`);
});
