import assert from "node:assert/strict";
import { test } from "node:test";
import { Decoder, decode } from "../../src/token/decode.ts";
import { encode } from "../../src/token/encode.ts";
import { seeded } from "../fakes/random.ts";
import { fuzzString } from "./fuzz.ts";
import { addedTokens, referenceTokenizer, qwen2Vocab as vocab } from "./qwen2.ts";

const contents = addedTokens.map(({ content }) => content);

test("Decoder.push() never gives half a character, and in all the text that was encoded", () => {
  const random = seeded(6);
  for (let i = 0; i < 5_000; i++) {
    const text = fuzzString(random, contents).toWellFormed().normalize("NFC");
    const decoder = new Decoder(vocab);
    const pieces = encode(vocab, text, { special: i % 2 === 0 }).map((id) => decoder.push(id));
    assert.equal(decoder.flush(), "");
    assert.equal(pieces.join(""), text);
    assert.ok(pieces.every((piece) => piece.isWellFormed()));
    if (!text.includes("\ufffd")) assert.ok(pieces.every((piece) => !piece.includes("\ufffd")));
  }
});

test("decode() equals the reference on random ids, with and without special tokens", () => {
  const random = seeded(7);
  const reference = referenceTokenizer({ added: true });
  for (let i = 0; i < 5_000; i++) {
    // Single bytes and added tokens are met often, so that characters break in all places.
    const ids = Array.from({ length: 1 + Math.floor(random() * 12) }, () => {
      const [from, below] = random() < 0.6 ? [0, 256] : random() < 0.3 ? [vocab.base, vocab.tokens] : [256, vocab.base];
      return from + Math.floor(random() * (below - from));
    });
    assert.equal(decode(vocab, ids), reference.decode(ids), String(ids));
    const skipped = decode(vocab, ids, { skipSpecial: true });
    assert.equal(skipped, reference.decode(ids, { skip_special_tokens: true }), String(ids));
  }
});

test("Decoder.push() gives a character with its last byte, U+FFFD for bytes that are none", () => {
  const byte = (value: number) => vocab.find(Uint8Array.of(value), 0, 1);
  const decoder = new Decoder(vocab);
  const pieces = [0xe2, 0x82, 0xac, 0xff, 0xe2, 0x82, 0x41, 0xf0, 0x9f].map((value) => decoder.push(byte(value)));
  assert.deepEqual(pieces, ["", "", "€", "\ufffd", "", "", "\ufffdA", "", ""]);
  assert.equal(decoder.flush(), "\ufffd");
  assert.equal(decoder.flush(), "");
});

test("decode() keeps a byte order mark, and tool calls when special tokens are skipped", () => {
  const text = "\ufeffa<tool_call><|im_end|>";
  assert.equal(decode(vocab, encode(vocab, text, { special: true })), text);
  assert.equal(decode(vocab, encode(vocab, text, { special: true }), { skipSpecial: true }), "\ufeffa<tool_call>");
});

test("decode() throws a RangeError for an id that is no token", () => {
  for (const id of [-1, vocab.tokens, 0.5, Number.NaN]) assert.throws(() => decode(vocab, [id]), RangeError);
});
