// Settings: from a form's text and back, and the request that they make.

import assert from "node:assert/strict";
import { test } from "node:test";
import { BOUNDS, DEFAULT_SETTINGS, parseForm, type Settings, toBody, toForm } from "../../src/web/settings.ts";

const SET: Settings = {
  model: "qwen",
  system: "Be brief\n",
  temperature: 0.7,
  topP: 0.95,
  topK: 40,
  maxTokens: 100,
  seed: -5,
  stop: ["\n\n", " a\\n", "END"],
};

test("parseForm() reads back what toForm() writes", () => {
  for (const settings of [SET, DEFAULT_SETTINGS]) {
    assert.deepEqual(parseForm(toForm(settings), DEFAULT_SETTINGS), { settings, problems: {} });
  }
  assert.equal(toForm(SET).stop, "\\n\\n\n a\\\\n\nEND");
});

test("parseForm() takes a decimal comma, spaces, and nothing as not set", () => {
  const form = { ...toForm(SET), temperature: " 1,5 ", topP: ".5", seed: "", stop: "\r\nx\r\n" };
  const { settings, problems } = parseForm(form, SET);
  assert.deepEqual(problems, {});
  assert.deepEqual(settings, { ...SET, temperature: 1.5, topP: 0.5, seed: null, stop: ["x"] });
});

test("parseForm() keeps the old value of a field with a problem, and says which bound it broke", () => {
  const wrong = {
    temperature: ["2.1", "-0.1", "warm", "1e0", "0x1", "Infinity"],
    topP: ["0", "1.01"],
    topK: ["-1", "1.5"],
    maxTokens: ["0", "2.5"],
    seed: ["9007199254740993", "0.5"],
  };
  for (const [field, texts] of Object.entries(wrong) as [keyof typeof wrong, string[]][]) {
    for (const text of texts) {
      const { settings, problems } = parseForm({ ...toForm(SET), [field]: text, system: "new" }, SET);
      assert.deepEqual(problems, { [field]: { kind: "number", bound: BOUNDS[field] } }, `${field} ${text}`);
      assert.deepEqual(settings, { ...SET, system: "new" });
    }
  }
});

test("parseForm() bounds texts and stop strings", () => {
  const form = { ...toForm(SET), system: "x".repeat(100_001), model: "m".repeat(257), stop: "a\n".repeat(17) };
  const { settings, problems } = parseForm(form, SET);
  assert.deepEqual(settings, SET);
  assert.deepEqual(Object.keys(problems).sort(), ["model", "stop", "system"]);
  assert.equal(parseForm({ ...toForm(SET), stop: "a".repeat(1001) }, SET).problems.stop?.kind, "stops");
});

test("toBody() leaves out what is not set", () => {
  const messages = [{ role: "user", content: "hi" }] as const;
  const always = { messages, stream: true, stream_options: { include_usage: true } };
  assert.deepEqual(toBody(DEFAULT_SETTINGS, messages), always);
  assert.deepEqual(toBody(SET, messages), {
    ...always,
    model: "qwen",
    temperature: 0.7,
    top_p: 0.95,
    top_k: 40,
    max_completion_tokens: 100,
    seed: -5,
    stop: SET.stop,
  });
  assert.equal(toBody({ ...DEFAULT_SETTINGS, temperature: 0 }, messages).temperature, 0);
});
