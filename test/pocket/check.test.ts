import assert from "node:assert/strict";
import { test } from "node:test";
import { failures } from "../../scripts/eval-pocket.ts";
import { isRight, repeats } from "../../scripts/pocket-eval/check.ts";

test("isRight() wants all words of a check, and numbers that stand alone", () => {
  assert.equal(isRight("The date is March 15.", { all: ["March 15"] }, ""), true);
  assert.equal(isRight("The date is March 15.", { all: ["March 1"] }, ""), false);
  assert.equal(isRight("Your name is Ann.", { all: ["Ann", "12"] }, ""), false);
});

test("isRight() takes the last number, not one on the way", () => {
  assert.equal(isRight("7 + 5 = 12", { number: 12 }, ""), true);
  assert.equal(isRight("7 + 5 = 12", { number: 5 }, ""), false);
});

test("isRight() compares JSON and tool calls by value", () => {
  assert.equal(isRight('{"b": 1, "a": ["x"]}', { json: { a: ["x"], b: 1 } }, ""), true);
  assert.equal(isRight('{"b": "1", "a": ["x"]}', { json: { a: ["x"], b: 1 } }, ""), false);
  const tool = { name: "get_time", arguments: { city: "Oslo" } };
  const call = '<tool_call>\n{"name": "get_time", "arguments": {"city": "Oslo"}}\n</tool_call>';
  assert.equal(isRight(call, { tool }, ""), true);
  assert.equal(isRight(`Sure. ${call}`, { tool }, ""), false);
  assert.equal(isRight(call.replace("Oslo", "Rome"), { tool }, ""), false);
});

test("isRight() counts the lines of a list and refuses one that comes twice", () => {
  const check = { lines: 2, of: ["cat", "dog", "bird"] };
  assert.equal(isRight("- cat\n- bird", check, ""), true);
  assert.equal(isRight("- cat\n- cat", check, ""), false);
  assert.equal(isRight("- cat\n- bird\n- dog", check, ""), false);
  assert.equal(isRight("- cat\n- stone", check, ""), false);
});

test("isRight() refuses an answer that loops, unless the expected one does", () => {
  const loop = "it is so and it is so and it is so and done";
  assert.equal(repeats(loop), true);
  assert.equal(isRight(loop, { all: ["done"] }, "done"), false);
  assert.equal(isRight(loop, { all: ["done"] }, loop), true);
});

test("failures() counts answers that did not end, and those that loop", () => {
  const loop = "it is so and it is so and it is so and it is so";
  const answers = [
    { text: "It is so.", reason: "stop", tokens: 5 },
    { text: loop, reason: "length", tokens: 128 },
    { text: `${loop}.`, reason: "stop", tokens: 17 },
    { text: "It is", reason: "length", tokens: 128 },
    { text: "so", reason: "length", tokens: 128 },
  ] as const;
  assert.deepEqual(failures(answers), { endless: 3, repeating: 2 });
});
