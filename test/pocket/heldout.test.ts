// The held-out prompts are complete, their checks tell answers apart, and no wording of theirs is one of training's.

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { heldOutPrompts } from "../../scripts/eval-pocket.ts";
import { isRight } from "../../scripts/pocket-eval/check.ts";

const prompts = heldOutPrompts();
const WORDINGS = new URL("../../scripts/pocket/wordings/", import.meta.url).pathname;

/** Patterns apart: a bar outside of groups separates. */
function patterns(text: string): string[] {
  const found = [""];
  let depth = 0;
  for (const c of text) {
    depth += Number(c === "(") - Number(c === ")");
    if (c === "|" && depth === 0) found.push("");
    else found.push(found.pop()! + c);
  }
  return found.map((pattern) => pattern.trim()).filter((pattern) => pattern !== "");
}

/** What a file of wordings holds out (H, G and the block [held]; scripts/pocket/wording.py), and what it trains. */
function sides(file: string): { readonly held: string[]; readonly training: Set<string> } {
  const held: string[] = [];
  const training = new Set<string>();
  let block = "";
  for (const line of file.toLowerCase().split("\n")) {
    if (line.startsWith("[")) block = line.slice(1, -1);
    const [, key, text] = /^z?([a-z]): (.*)$/.exec(line) ?? [];
    if (key === undefined || key === "a" || key === "k") continue;
    for (const pattern of patterns(text!)) {
      if (block === "held" || key === "h" || key === "g") held.push(pattern);
      else training.add(pattern);
    }
  }
  return { held, training };
}

/** The held-out patterns that are training's too. */
function shared(file: string): string[] {
  const { held, training } = sides(file);
  return held.filter((pattern) => training.has(pattern));
}

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

test("shared() finds a held-out pattern among training's, whole and whatever its letters", () => {
  const file = "[one]\nq: go (up|down) | Stop it\na: go up\nH: stop it | go up\nzH: go (up|down)\n[held]\nn: halt";
  assert.deepEqual(shared(file), ["stop it", "go (up|down)"]);
});

test("no held-out wording or topic stands among training's", () => {
  const files = globSync("*.txt", { cwd: WORDINGS }).map((name) => readFileSync(`${WORDINGS}${name}`, "utf8"));
  assert.ok(files.flatMap((file) => sides(file).held).length > 250);
  assert.deepEqual(files.flatMap(shared), []);
});
