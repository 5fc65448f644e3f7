import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ModelFileError } from "../../src/errors.ts";
import { loadVocab } from "../../src/token/vocab.ts";
import { addedTokens, qwen2Bytes, qwen2Json, qwen2Vocab as vocab } from "./qwen2.ts";

test("loadVocab() finds every token by its bytes", () => {
  assert.equal(vocab.base, 151_643);
  assert.equal(vocab.tokens, 151_665);
  assert.deepEqual(vocab.added, addedTokens);
  for (let id = 0; id < vocab.base; id++) {
    const bytes = vocab.bytesOf(id);
    assert.equal(vocab.find(bytes, 0, bytes.length), id);
  }
  assert.equal(vocab.bytesOf(qwen2Json.model.vocab.Ġthe!).toString(), new TextEncoder().encode(" the").toString());
  assert.equal(vocab.addedId("<|im_end|>"), 151_645);
  assert.equal(vocab.addedId("<|no_such|>"), undefined);
  assert.equal(vocab.isSpecial(151_645), true);
  assert.equal(vocab.isSpecial(151_657), false);
  assert.equal(vocab.isSpecial(5), false);
  assert.throws(() => vocab.bytesOf(vocab.tokens), RangeError);
});

test("loadVocab() costs less than 6 MB, array buffers counted", () => {
  const folder = mkdtempSync(join(tmpdir(), "qwen-edge-"));
  try {
    const path = join(folder, "tokenizer.bin");
    writeFileSync(path, qwen2Bytes);
    const script = fileURLToPath(new URL("../fixtures/tokens/measure-load.ts", import.meta.url));
    const cost = JSON.parse(execFileSync(process.execPath, ["--expose-gc", script, path], { encoding: "utf8" }));
    assert.equal(cost.tokens, vocab.tokens);
    assert.ok(cost.ids > 0);
    assert.ok(cost.bytes > qwen2Bytes.length, `${cost.bytes} bytes are less than the file`);
    assert.ok(cost.bytes < 6_000_000, `${cost.bytes} bytes`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("loadVocab() refuses what is no packed tokenizer, and says why", () => {
  const changed = (change: (bytes: Uint8Array, header: DataView) => void) => {
    const bytes = qwen2Bytes.slice();
    change(bytes, new DataView(bytes.buffer));
    return bytes;
  };
  const lengths = 20 + addedTokens.length;
  const first = lengths + vocab.tokens;
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /0 bytes; the header alone/],
    [qwen2Bytes.subarray(0, 19), /19 bytes; the header alone/],
    [qwen2Bytes.subarray(0, 20), /20 bytes; its header says/],
    [qwen2Bytes.subarray(0, -1), /bytes; its header says/],
    [new Uint8Array([...qwen2Bytes, 0]), /bytes; its header says/],
    [changed((_, header) => header.setUint32(0, 1, true)), /not a packed tokenizer/],
    [changed((_, header) => header.setUint32(4, 2, true)), /version 2; this version reads 1: pack the model again/],
    [changed((_, header) => header.setUint32(8, 255, true)), /255 \+ 22 tokens/],
    [changed((_, header) => header.setUint32(8, 2 ** 32 - 1, true)), /tokens; expected 256 to/],
    [changed((_, header) => header.setUint32(16, 2 ** 32 - 1, true)), /bytes; its header says/],
    [changed((bytes) => bytes.fill(0, lengths + 300, lengths + 301)), /token 300 is empty/],
    [changed((bytes) => bytes.fill(9, lengths + 300, lengths + 301)), /tokens of \d+ bytes/],
    [changed((bytes) => bytes.copyWithin(first + 1, first, first + 1)), /tokens 0 and 1 are the same bytes/],
    [changed((bytes) => bytes.set([2, 1], lengths + 255)), /token 255 has 2 bytes; the first 256 have 1/],
    [changed((bytes) => bytes.fill(0xff, -3)), /added token 151664 is not UTF-8/],
  ];
  for (const [bytes, message] of cases) {
    assert.throws(
      () => loadVocab(bytes),
      (error) => error instanceof ModelFileError && error.file === "tokenizer.bin" && message.test(error.message),
      String(message),
    );
  }
});
