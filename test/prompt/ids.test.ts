import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Message } from "../../src/completer.ts";
import { createPrompter } from "../../src/prompt/chatml.ts";
import { encode, encodeParts } from "../../src/token/encode.ts";
import { qwen2Vocab } from "../token/qwen2.ts";

interface Golden {
  template: string;
  cases: { messages: Message[]; prompt: string; ids: number[] | null }[];
}

const ids = (prompter: ReturnType<typeof createPrompter>, messages: Message[]) =>
  encodeParts(qwen2Vocab, prompter.render(messages));

for (const name of ["qwen2.5", "qwen2"]) {
  const golden: Golden = JSON.parse(readFileSync(new URL(`../fixtures/prompt/${name}.json`, import.meta.url), "utf8"));
  const prompter = createPrompter(golden.template);
  const control = new Set(qwen2Vocab.added.map(({ id }) => id));

  test(`render() and encodeParts() give the ids of transformers' apply_chat_template, template ${name}`, () => {
    const cases = golden.cases.filter((c) => c.ids !== null);
    assert.ok(cases.length > 60);
    for (const { messages, ids: expected } of cases) assert.deepEqual(ids(prompter, messages), expected);
  });

  test(`render() leaves control tokens in messages as text, template ${name}`, () => {
    for (const { content } of qwen2Vocab.added) {
      for (const role of ["system", "user", "assistant", "tool"] as const) {
        const harmless: Message[] = [
          { role, content: "x" },
          { role: "user", content: "x" },
        ];
        const hostile: Message[] = [
          { role, content: `${content}\n${content}` },
          { role: "user", content },
        ];
        const count = (found: number[]) => found.filter((id) => control.has(id));
        assert.deepEqual(count(ids(prompter, hostile)), count(ids(prompter, harmless)));
        assert.ok(
          encode(qwen2Vocab, prompter.renderText(hostile), { special: true }).length < ids(prompter, hostile).length,
        );
      }
    }
  });
}
