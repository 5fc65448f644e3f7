// scripts/pack/tokenizer.ts: what it proves, and the two kinds of source.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Tokenizer } from "@huggingface/tokenizers";
import {
  packTokenizer,
  type TokenizerSource,
  tokenizerFromGguf,
  tokenizerFromJson,
} from "../../scripts/pack/tokenizer.ts";
import { ModelFileError } from "../../src/errors.ts";
import { encode } from "../../src/token/encode.ts";
import { loadVocab } from "../../src/token/vocab.ts";
import { seeded } from "../fakes/random.ts";
import { fuzzString } from "./fuzz.ts";
import { qwen2Bytes, qwen2Json } from "./qwen2.ts";

const full = tokenizerFromJson(qwen2Json);
const bytes = full.tokens.slice(0, 256);

/** A vocabulary of the 256 bytes, some merges and one control token. */
function small(merges: readonly string[]): TokenizerSource {
  const tokens = [...bytes, ...merges.map((merge) => merge.replace(" ", "")), "<|end|>"];
  return { tokens, merges, added: [{ id: tokens.length - 1, content: "<|end|>", special: true }] };
}

test("packTokenizer() works for a small vocabulary closed under its parts", () => {
  const wanted = new Set(["Ġthe", "hello", "Ġworld", "tion", "ĠĠĠĠ", "ä½łå¥½", "ing", "<|", "é"]);
  const merges = full.merges as readonly [string, string][];
  for (let i = merges.length - 1; i >= 0; i--) {
    const [left, right] = merges[i]!;
    if (wanted.has(left + right)) wanted.add(left).add(right);
  }
  const kept = merges.filter(([left, right]) => wanted.has(left + right));
  assert.ok(kept.length > 15 && kept.length < 100);
  const source = small(kept.map((pair) => pair.join(" ")));
  const vocab = loadVocab(packTokenizer(source));
  assert.equal(vocab.tokens, 256 + kept.length + 1);

  const reference = new Tokenizer(
    {
      ...qwen2Json,
      added_tokens: source.added.map((token) => ({ ...token, normalized: false })),
      model: {
        ...qwen2Json.model,
        vocab: Object.fromEntries(source.tokens.slice(0, vocab.base).map((token, id) => [token, id])),
        merges: kept,
      },
    },
    { clean_up_tokenization_spaces: false },
  );
  const random = seeded(9);
  for (let i = 0; i < 1_000; i++) {
    const text = fuzzString(random, ["<|end|>", " the world", "hellohello", "你好", "tioning"]);
    assert.deepEqual(encode(vocab, text, { special: true }), reference.encode(text).ids, JSON.stringify(text));
  }
});

test("packTokenizer() refuses a vocabulary that the encoder would get wrong", () => {
  const good = small(["a b", "ab c"]);
  assert.equal(loadVocab(packTokenizer(good)).tokens, 259);
  const cases: [TokenizerSource, RegExp][] = [
    [{ ...good, merges: ["ab c", "a b"] }, /merge 0 does not make token 256/],
    [{ ...good, merges: ["a b"] }, /1 merges for 258 tokens; expected 2/],
    [{ ...good, merges: ["a b", "xy c"] }, /merge 1 does not join two tokens/],
    [{ ...good, merges: ["a b", "ab c d"] }, /merge 1 does not join two tokens/],
    [small(["b c", "a b", "ab c"]), /token 258 does not merge back to itself/],
    [small(["a b", "b c", "ab c", "a bc"]), /tokens are spelled like another/],
    [{ ...good, added: [{ ...good.added[0]!, id: 5 }] }, /has id 5; expected 258/],
    [{ ...good, tokens: good.tokens.with(3, "\u4e00") }, /token 3 is not spelled/],
    [{ ...good, tokens: good.tokens.with(3, "ab") }, /token 3 has 2 bytes; the first 256/],
    [{ ...good, tokens: good.tokens.slice(3) }, /byte-pair and 1 added tokens/],
    [small(["a", "aa", "aaaa", "aaaaaaaa"].flatMap((run) => [`${run} ${run}`]).concat(longMerges())), /has 256 bytes/],
  ];
  for (const [source, message] of cases) {
    assert.throws(
      () => packTokenizer(source, "some.gguf"),
      (error) => error instanceof ModelFileError && error.file === "some.gguf" && message.test(error.message),
      String(message),
    );
  }
});

function longMerges(): string[] {
  return [16, 32, 64, 128].map((length) => `${"a".repeat(length)} ${"a".repeat(length)}`);
}

test("tokenizerFromGguf() gives the same file as tokenizerFromJson(), padding left out", () => {
  const metadata = {
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "qwen2",
    "tokenizer.ggml.tokens": [...full.tokens, "[PAD151665]", "[PAD151666]"],
    "tokenizer.ggml.token_type": Int32Array.from([
      ...full.tokens.map((_, id) => (id < 151_643 ? 1 : full.added[id - 151_643]!.special ? 3 : 4)),
      5,
      5,
    ]),
    "tokenizer.ggml.merges": (full.merges as readonly [string, string][]).map((pair) => pair.join(" ")),
  };
  assert.deepEqual(packTokenizer(tokenizerFromGguf(metadata)), qwen2Bytes);
  const refused = (change: object, message: RegExp) =>
    assert.throws(() => tokenizerFromGguf({ ...metadata, ...change }), message);
  refused({ "tokenizer.ggml.model": "llama" }, /tokenizer.ggml.model is "llama"; expected "gpt2"/);
  refused({ "tokenizer.ggml.pre": undefined }, /tokenizer.ggml.pre is undefined; expected "qwen2"/);
  refused({ "tokenizer.ggml.merges": undefined }, /tokenizer.ggml.merges is missing/);
  refused({ "tokenizer.ggml.token_type": [1] }, /1 token types for 151667 tokens/);
  refused({ "tokenizer.ggml.tokens": [1] }, /holds something that is not a string/);
});

test("tokenizerFromJson() refuses what is not Qwen2's byte-level BPE", () => {
  const json = JSON.parse(
    JSON.stringify({ ...qwen2Json, model: { type: "BPE", vocab: { a: 0 }, merges: [] }, added_tokens: [] }),
  );
  const refused = (change: object, message: RegExp) =>
    assert.throws(() => tokenizerFromJson({ ...json, ...change }), message);
  refused({ model: { type: "WordPiece" } }, /model.type is "WordPiece"; expected "BPE"/);
  refused({ normalizer: null }, /the normalizer is not NFC/);
  refused({ pre_tokenizer: { type: "ByteLevel" } }, /does not split by Qwen2's pattern/);
  refused({ model: { ...json.model, merges: ["a b c"] } }, /not a pair/);
  refused({ model: { ...json.model, vocab: { a: 2 } } }, /no token has id 0/);
  refused({ model: { ...json.model, vocab: { a: 2 ** 40 } } }, /out of range/);
  refused({ added_tokens: [{ id: 1, content: "<x>", lstrip: true }] }, /"<x>" is lstrip, which is not supported/);
  for (const nothing of [null, 5, []]) assert.throws(() => tokenizerFromJson(nothing), ModelFileError);
});
