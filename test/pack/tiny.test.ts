import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { openGgufSource } from "../../scripts/pack/gguf-source.ts";
import { checkTensors, readRows } from "../../scripts/pack/source.ts";
import { makeTinyModel } from "../../scripts/tiny.ts";
import { EMBED } from "../../src/model/qwen2.ts";
import { TINY } from "./model.ts";

test("makeTinyModel() gives the bytes of test/fixtures/tiny/tiny.gguf", () => {
  const committed = readFileSync(TINY);
  assert.ok(
    Buffer.from(makeTinyModel()).equals(committed),
    "test/fixtures/tiny/tiny.gguf is not what scripts/tiny.ts makes",
  );
  assert.ok(committed.length <= 2 ** 20);
});

test("the tiny model is a whole Qwen2 with Qwen2's first tokens and padding rows", (t) => {
  const source = openGgufSource(TINY);
  t.after(() => source.close());
  checkTensors(source);
  const { tokens, merges, added } = source.tokenizer();
  assert.equal(tokens.length, 1278);
  assert.equal(merges.length, 1000);
  assert.deepEqual(
    added.slice(0, 3).map(({ id, content }) => [id, content]),
    [
      [1256, "<|endoftext|>"],
      [1257, "<|im_start|>"],
      [1258, "<|im_end|>"],
    ],
  );
  assert.deepEqual(tokens.slice(256, 259), ["ĠĠ", "ĠĠĠĠ", "in"]);
  assert.equal(source.config.vocab_size, 1280);
  assert.ok(readRows(source.tensors.get(EMBED)!, 1278, 2).every((x) => x === 0));
});
