// The model's name changes in a body's text and nothing else does.

import assert from "node:assert/strict";
import { test } from "node:test";
import { renameModel } from "../../src/origin/rename.ts";

test("renameModel() changes the top-level model only and keeps every other character", () => {
  const cases: [text: string, expected: string][] = [
    ['{"model":"a"}', '{"model":"big"}'],
    [
      ' {\n "model" : "a" ,\t"seed": 12345678901234567890, "t": 1.0} ',
      ' {\n "model" :"big",\t"seed": 12345678901234567890, "t": 1.0} ',
    ],
    [
      '{"x":{"model":"in"},"y":["model",{"model":1}],"model":null}',
      '{"x":{"model":"in"},"y":["model",{"model":1}],"model":"big"}',
    ],
    ['{"s":"\\"model\\":\\"a\\\\","model":"a, }] b"}', '{"s":"\\"model\\":\\"a\\\\","model":"big"}'],
    ['{"mod\\u0065l":"a"}', '{"mod\\u0065l":"big"}'],
    ['{"model":"a","model":"b"}', '{"model":"big","model":"big"}'],
    ['{"model":{"a":[1,2]},"b":1}', '{"model":"big","b":1}'],
    ['{"b":"model"}', '{"model":"big","b":"model"}'],
    ["{ }", '{"model":"big" }'],
    ["{}", '{"model":"big"}'],
  ];
  for (const [text, expected] of cases) {
    assert.equal(renameModel(text, "big"), expected);
    const { model, ...rest } = JSON.parse(renameModel(text, "big")) as Record<string, unknown>;
    const { model: _, ...before } = JSON.parse(text) as Record<string, unknown>;
    assert.equal(model, "big");
    assert.deepEqual(rest, before);
  }
});

test("renameModel() writes a name with quotes as JSON", () => {
  assert.deepEqual(JSON.parse(renameModel('{"model":"a"}', 'x"\\\n')), { model: 'x"\\\n' });
});
