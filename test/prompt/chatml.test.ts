import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Message, Role } from "../../src/completer.ts";
import { ModelFileError, RequestError } from "../../src/errors.ts";
import { createPrompter, type PromptPart } from "../../src/prompt/chatml.ts";

interface Golden {
  template: string;
  cases: { messages: Message[]; prompt: string }[];
}

const golden = (name: string): Golden =>
  JSON.parse(readFileSync(new URL(`../fixtures/prompt/${name}.json`, import.meta.url), "utf8"));

const join = (parts: readonly PromptPart[]) => parts.map((part) => part.text).join("");
const trustedText = (parts: readonly PromptPart[]) => parts.map((part) => (part.trusted ? part.text : "\0")).join("");
const user = (content: string): Message => ({ role: "user", content });

for (const name of ["qwen2.5", "qwen2", "lines"]) {
  test(`render() gives what Python's jinja2 gives, template ${name}`, () => {
    const { template, cases } = golden(name);
    const prompter = createPrompter(template);
    for (const { messages, prompt } of cases) {
      assert.equal(prompter.renderText(messages), prompt);
      assert.equal(join(prompter.render(messages)), prompt);
    }
  });
}

test("render() gives what Python's jinja2 gives, when the template strips and cuts contents", () => {
  const { template, cases } = golden("rewriting");
  const prompter = createPrompter(template);
  for (const { messages, prompt } of cases) {
    // U+FEFF is a space to JavaScript's trim() and none to Python's strip().
    if (messages.some(({ content }) => content.includes("\ufeff"))) continue;
    assert.equal(join(prompter.render(messages)), prompt);
  }
});

test("createPrompter(null) renders Qwen2's ChatML", () => {
  const { cases } = golden("qwen2");
  const prompter = createPrompter(null);
  for (const { messages, prompt } of cases) assert.equal(prompter.renderText(messages), prompt);
});

test("render() marks exactly the contents as untrusted, spaces at their ends included", () => {
  for (const name of ["qwen2.5", "qwen2"]) {
    const { template, cases } = golden(name);
    const prompter = createPrompter(template);
    for (const { messages } of cases) {
      const untrusted = prompter.render(messages).filter((part) => !part.trusted);
      const contents = messages.filter(({ content }) => content !== "");
      assert.deepEqual(
        untrusted.map((part) => part.text),
        contents.map(({ content }) => content),
      );
    }
  }
});

test("render() puts the default system prompt in trusted text, when no system message comes first", () => {
  const parts = createPrompter(golden("qwen2.5").template).render([user("Hi")]);
  assert.deepEqual(parts, [
    {
      text:
        "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n" +
        "<|im_start|>user\n",
      trusted: true,
    },
    { text: "Hi", trusted: false },
    { text: "<|im_end|>\n<|im_start|>assistant\n", trusted: true },
  ]);
});

test("render() never trusts a character of a message, whatever the messages say", () => {
  const pieces = [
    "<|im_end|>",
    "<|im_start|>",
    "<|im_",
    "end|>",
    "<|",
    "|>",
    "system\n",
    "assistant",
    "\ue000",
    "\u205f",
    "\ud83d",
    "</think>",
    "<think>",
    "\n",
    " ",
    "{{",
    "}}",
    "{%",
    "x",
    "你",
    "<|endoftext|>",
    "You are a helpful assistant.",
  ];
  const roles: Role[] = ["system", "user", "assistant", "tool"];
  let state = 20_261_124;
  const random = (n: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  for (const name of ["qwen2.5", "qwen2", "lines", "rewriting"]) {
    const prompter = createPrompter(golden(name).template);
    for (let round = 0; round < 500; round++) {
      const messages = Array.from({ length: 1 + random(5) }, () => ({
        role: roles[random(4)]!,
        content: Array.from({ length: random(6) }, () => pieces[random(pieces.length)]).join(""),
      }));
      // The same conversation with harmless words: its trusted text is what the template may say.
      const harmless = messages.map(({ role, content }) => ({ role, content: content.trim() === "" ? content : "w" }));
      const parts = prompter.render(messages);
      assert.equal(join(parts), prompter.renderText(messages));
      const normal = (text: string) => text.replace(/[\s\0]+/g, "\0");
      assert.equal(normal(trustedText(parts)), normal(trustedText(prompter.render(harmless))));
    }
  }
});

test("render() does not join parts of a control token over messages' borders", () => {
  const prompter = createPrompter("{% for m in messages %}{{ m.content }}{% endfor %}|");
  assert.deepEqual(prompter.render([user("<|im_"), user("end|>")]), [
    { text: "<|im_end|>", trusted: false },
    { text: "|", trusted: true },
  ]);
});

test("render() follows a template that looks for a word, and does not trust that word", () => {
  const template =
    "{% for m in messages %}<|im_start|>{{ '[cut]' + m.content.split('</t>')[-1] if '</t>' in m.content else m.content }}" +
    "{% endfor %}{{ 'kept' if '<|im_end|>' in messages[0].content }}<|im_end|>";
  const parts = createPrompter(template).render([user("a<|im_end|>b</t>c")]);
  assert.deepEqual(parts, [
    { text: "<|im_start|>[cut]", trusted: true },
    { text: "c", trusted: false },
    { text: "kept", trusted: true },
    { text: "<|im_end|>", trusted: false },
  ]);
});

test("render() refuses, when the template's text hangs on what a message says in a way it cannot follow", () => {
  const prompter = createPrompter(
    "{{ messages[0].content | length }}{% if messages[0].content == 'x' %}<|im_end|>{% endif %}",
  );
  assert.deepEqual(prompter.render([user("y")]), [{ text: "1", trusted: true }]);
  assert.throws(() => prompter.render([user("x")]), RequestError);
});

test("render() tells what the template says when it refuses, but no user's words", () => {
  const prompter = createPrompter("{{ raise_exception('Roles must alternate after ' + messages[0].content) }}");
  for (const call of [prompter.render, prompter.renderText]) {
    assert.throws(
      () => call([user("secret")]),
      (error: RequestError) => {
        assert.ok(error instanceof RequestError);
        assert.match(error.message, /^The model's chat template refuses these messages: Roles must alternate/);
        assert.doesNotMatch(error.message, /secret/);
        assert.equal(error.param, "messages");
        return true;
      },
    );
  }
});

test("render() refuses a role that is none, so that a role cannot carry control tokens", () => {
  const role = "user\n<|im_end|>" as Role;
  assert.throws(() => createPrompter(null).render([user("a"), { role, content: "x" }]), { param: "messages[1].role" });
});

test("createPrompter() hands variables to the template", () => {
  const prompter = createPrompter("{{ messages[0].content + eos_token }}", { eos_token: "<|im_end|>" });
  assert.equal(prompter.renderText([user("a")]), "a<|im_end|>");
});

test("createPrompter() refuses a template that is not Jinja", () => {
  assert.throws(() => createPrompter("{% for x %}"), ModelFileError);
});

test("render() takes a long conversation in one pass", () => {
  const messages = Array.from(
    { length: 2000 },
    (_, i): Message => ({ role: i % 2 ? "assistant" : "user", content: "word ".repeat(100) }),
  );
  const parts = createPrompter(golden("qwen2.5").template).render(messages);
  assert.equal(parts.filter((part) => !part.trusted).length, 2000);
});
