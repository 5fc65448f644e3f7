// How the work grows with the text, in counted steps: no clock.

import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "../../src/token/encode.ts";
import { qwen2Vocab as vocab } from "./qwen2.ts";

const MIB = 2 ** 20;

function stepsOf(unit: string, chars: number): { steps: number; bytes: number } {
  const text = unit.repeat(Math.ceil(chars / unit.length));
  const work = { steps: 0 };
  const ids = encode(vocab, text, { special: true, work });
  assert.ok(ids.length > 0);
  return { steps: work.steps, bytes: new TextEncoder().encode(text).length };
}

function assertNLogN(unit: string, chars: number): void {
  const { steps, bytes } = stepsOf(unit, chars);
  assert.ok(steps >= bytes, `${JSON.stringify(unit)}: ${steps} steps for ${bytes} bytes are too few to be true`);
  const bound = 6 * bytes * Math.log2(bytes);
  assert.ok(steps <= bound, `${JSON.stringify(unit)}: ${steps} steps for ${bytes} bytes; at most ${bound} are n log n`);
}

test("encode() takes at most n log n steps, for a megabyte of one thing", () => {
  for (const unit of ["a", " ", "😀", "a\n"]) assertNLogN(unit, unit === "😀" ? MIB / 2 : MIB);
});

test("encode() takes at most n log n steps, whatever is repeated", () => {
  const units = [
    "\n",
    "\n ",
    " \t",
    "\r\n",
    "ab",
    "aA",
    "é",
    "中",
    "中文",
    "'",
    "'s",
    "!",
    "! ",
    "!\n",
    "1",
    "<|im_start",
    "<",
    "\ud800",
  ];
  for (const unit of units) assertNLogN(unit, MIB / 8);
});

test("encode() takes linear steps for long runs of combining marks", () => {
  // The engine alone needs minutes for each of these.
  for (const unit of ["\u0301\u0323", "\u0f73\u0f71", "a\u0301".repeat(3) + "\u0345\u0334".repeat(MIB / 8)]) {
    assertNLogN(unit, MIB / 2);
  }
});
