// What the pocket model says about the project is what the documents say: its answers are read from its wordings, the
// pages it names from its tools.

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";

const ROOT = new URL("../../", import.meta.url).pathname;
const read = (path: string) => readFileSync(`${ROOT}${path}`, "utf8");

const documents = ["README.md", ...globSync("docs/*.md", { cwd: ROOT })].map(read).join("\n");
/** English and Chinese answers to questions about the project. */
const answers = read("scripts/pocket/wordings/help.txt")
  .split("\n")
  .filter((line) => /^z?a: /.test(line));

test("every command, setting, path and address that the answers name stands in the documents", () => {
  assert.ok(answers.length > 50);
  const named = answers.flatMap((answer) => [
    ...[...answer.matchAll(/`([^`]+)`/g)].map(([, command = ""]) =>
      command.replace(/(?:(?: --\w+)? (?:PATH|FILE)(?:\.gguf)?)+$/, ""),
    ),
    ...(answer.match(/QWEN_EDGE_\w+/g) ?? []),
    ...(answer.match(/(?<![\w.:])\/[a-z][\w/-]+/g) ?? []),
    ...(answer.match(/https?:\/\/[\w.:]+\w/g) ?? []),
  ]);
  assert.ok(named.length > 50);
  assert.deepEqual([...new Set(named)].filter((name) => !documents.includes(name)).sort(), []);
});

test("the pages that the search tool's replies name exist", () => {
  const [, words] = read("scripts/pocket/tools.py").match(/page = rng\.choice\("([^"]+)"\.split\(\)\)/) ?? [];
  const named = words!.split(" ").map((page) => `docs/${page}.md`);
  const pages = globSync("docs/*.md", { cwd: ROOT });
  assert.deepEqual(
    named.filter((page) => !pages.includes(page)),
    [],
  );
});

test("the numbers of settings that the answers name are the documents' own", () => {
  for (const [, setting, value] of answers.join("\n").matchAll(/(QWEN_EDGE_\w+)[^\n]*?(\d{4,})/g)) {
    const row = documents.split("\n").find((line) => line.includes(`\`${setting}\``));
    assert.ok(row?.includes(value!), `${setting} is not ${value}`);
  }
});
