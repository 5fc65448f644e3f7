import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  type Answer,
  answerTo,
  heldOutPrompts,
  isCorrect,
  openCompleter,
  scoreByKind,
} from "../../scripts/eval-pocket.ts";
import { pack } from "../../scripts/pack/pack.ts";

/** The floors of `npm run eval:pocket`, of all prompts and of each kind; the model card has the scores. */
const [FLOOR, KIND_FLOOR] = [0.9, 0.75];

const out = mkdtempSync(join(tmpdir(), "pocket-test-"));
const prompts = heldOutPrompts();
const answers: Answer[] = [];

before(async () => {
  const gguf = fileURLToPath(new URL("../../models/pocket/pocket.gguf", import.meta.url));
  const { folder } = await pack(gguf, { out: join(out, "packed") });
  const completer = await openCompleter(folder);
  for (const { messages } of prompts) answers.push(await answerTo(completer, messages));
});

after(() => rmSync(out, { recursive: true }));

test("the pocket model answers held-out prompts through our engine", () => {
  const isRight = prompts.map((prompt, i) => isCorrect(answers[i]!, prompt));
  const right = isRight.filter(Boolean).length;
  assert.ok(right >= FLOOR * prompts.length, `${right} of ${prompts.length}`);
  for (const [kind, [part, all]] of scoreByKind(prompts, isRight)) {
    assert.ok(part >= KIND_FLOOR * all, `${kind}: ${part} of ${all}`);
  }
});

test("its answers end by themselves", () => {
  const ended = answers.filter(({ reason }) => reason === "stop").length;
  assert.ok(ended >= 0.97 * answers.length, `${ended} of ${answers.length}`);
});

test("its answers, shuffled, score below 10 %", () => {
  const step = 137; // prime to 500, and beyond the size of a kind
  const right = prompts.filter((prompt, i) => isCorrect(answers[(i + step) % answers.length]!, prompt)).length;
  assert.ok(right < 0.1 * prompts.length, `${right} of ${prompts.length}`);
});
