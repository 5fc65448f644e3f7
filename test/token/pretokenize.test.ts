import assert from "node:assert/strict";
import { test } from "node:test";
import { pieceEnd } from "../../src/token/pretokenize.ts";
import { seeded } from "../fakes/random.ts";
import { fuzzString } from "./fuzz.ts";

/** The pattern of tokenizer.json, written for JavaScript: an ASCII (?i:…), White_Space for \s. */
const PATTERN =
  /'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\p{White_Space}\p{L}\p{N}]+[\r\n]*|\p{White_Space}*[\r\n]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

function pieces(text: string): string[] {
  const utf8 = new TextEncoder().encode(text);
  const found: string[] = [];
  for (let start = 0; start < utf8.length; ) {
    const end = pieceEnd(utf8, start, { steps: 0 });
    assert.ok(end > start);
    found.push(new TextDecoder("utf-8", { ignoreBOM: true }).decode(utf8.subarray(start, end)));
    start = end;
  }
  return found;
}

test("pieceEnd() splits as Qwen2's pattern, case by case", () => {
  const cases: [string, string[]][] = [
    ["Hello world", ["Hello", " world"]],
    ["it's WE'LL 'x", ["it", "'s", " WE", "'LL", " '", "x"]],
    ["2024!", ["2", "0", "2", "4", "!"]],
    ["a  b   ", ["a", " ", " b", "   "]],
    ["a \n \n  b", ["a", " \n \n", " ", " b"]],
    [" !?\r\n\nx", [" !?\r\n\n", "x"]],
    ["\tx\n\ty", ["\tx", "\n", "\ty"]],
    ["(a)", ["(a", ")"]],
    ["\u3000\u3000中文。", ["\u3000", "\u3000中文", "。"]],
    ["\ufeffa\u0085b", ["\ufeffa", "\u0085b"]],
  ];
  for (const [text, expected] of cases) assert.deepEqual(pieces(text), expected, JSON.stringify(text));
});

test("pieceEnd() equals the pattern on random text", () => {
  const random = seeded(4);
  const alphabet = [
    "a",
    "B",
    "s",
    "l",
    "'",
    "1",
    "½",
    " ",
    " ",
    "\n",
    "\r",
    "\t",
    "\u0085",
    "\ufeff",
    "!",
    "é",
    "中",
    "😀",
    "\u0301",
    "𝒜",
  ];
  for (let i = 0; i < 20_000; i++) {
    const length = Math.floor(random() * 12);
    const text =
      i % 2 === 0
        ? Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join("")
        : fuzzString(random, ["<|im_end|>"]).toWellFormed();
    assert.deepEqual(pieces(text), text.match(PATTERN) ?? [], JSON.stringify(text));
  }
});
