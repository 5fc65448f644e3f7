import assert from "node:assert/strict";
import { test } from "node:test";
import { heldOutPrompts } from "../../scripts/eval-pocket.ts";
import { isRight } from "../../scripts/pocket-eval/check.ts";

const prompts = heldOutPrompts();

test("heldout.json holds 500 prompts, each once, with what the issue asks of every kind and of Chinese", () => {
  assert.equal(prompts.length, 500);
  assert.equal(new Set(prompts.map(({ messages }) => JSON.stringify(messages))).size, 500);
  assert.ok(prompts.filter(({ language }) => language === "zh").length >= 200);
  const kinds = Map.groupBy(prompts, ({ kind }) => kind);
  assert.equal(kinds.size, 10);
  for (const [kind, { length }] of kinds) assert.ok(length >= 30, `${kind} has ${length}`);
});

test("every expected answer passes its own check", () => {
  for (const { answer, check, messages } of prompts) {
    assert.ok(isRight(answer, check, answer), `${messages.at(-1)!.content}: ${answer}`);
  }
});

test("the checks tell answers apart: shuffled ones score below 10 %", () => {
  const step = 137; // prime to 500, and far beyond the size of a kind
  const right = prompts.filter(({ check, answer }, i) => isRight(prompts[(i + step) % 500]!.answer, check, answer));
  assert.ok(right.length < 50, `${right.length} of 500 pass with another prompt's answer`);
});
