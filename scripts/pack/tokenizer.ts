// Builds tokenizer.bin (layout: src/token/vocab.ts) from a GGUF's metadata or a tokenizer.json.
// Owns the proof that the merges need not be stored. The encoder merges the neighbours whose bytes are a token, lowest id
// first; that is the merge list's own result because (1) the i-th merge makes token 256 + i, so the id is the rank, and
// (2) every token's own bytes merge back to that token, so wherever two neighbours spell a token they are its listed pair.
// Must not know: how files are read.

import { ModelFileError } from "../../src/errors.ts";
import { type AddedToken, HEADER_BYTES, MAGIC, MAX_TOKEN_BYTES, MAX_TOKENS, VERSION } from "../../src/token/vocab.ts";

export interface TokenizerSource {
  /** By id: byte-pair tokens in GPT-2's spelling (one character a byte), then the added tokens as text. */
  readonly tokens: readonly string[];
  /** "left right" or [left, right], in the order of their rank. */
  readonly merges: readonly string[] | readonly (readonly [string, string])[];
  readonly added: readonly AddedToken[];
}

/**
 * The bytes of tokenizer.bin. Same source, same bytes.
 * @throws {ModelFileError} when the source is not a byte-level vocabulary that the encoder gets exactly right
 */
export function packTokenizer(source: TokenizerSource, file = "tokenizer"): Uint8Array {
  const { tokens, added } = source;
  const fail = (message: string): never => {
    throw new ModelFileError(file, message);
  };
  const base = tokens.length - added.length;
  if (base < 256 || tokens.length > MAX_TOKENS) {
    fail(`${base} byte-pair and ${added.length} added tokens; expected 256 and at most ${MAX_TOKENS} in all`);
  }
  added.forEach(({ id, content }, i) => {
    if (id !== base + i || tokens[id] !== content) {
      fail(`added token ${JSON.stringify(content)} has id ${id}; expected ${base + i}: added tokens follow the others`);
    }
  });
  const utf8 = new TextEncoder();
  const bytes = tokens.map((token, id) => (id < base ? spelledBytes(token, id, file) : utf8.encode(token)));
  bytes.forEach(({ length }, id) => {
    if (length === 0 || length > MAX_TOKEN_BYTES)
      fail(`token ${id} has ${length} bytes; expected 1 to ${MAX_TOKEN_BYTES}`);
    if (id < 256 && length !== 1) fail(`token ${id} has ${length} bytes; the first 256 are the single bytes`);
  });
  proveMerges(tokens, base, source.merges, file);

  const total = bytes.reduce((sum, { length }) => sum + length, 0);
  const out = new Uint8Array(HEADER_BYTES + added.length + tokens.length + total);
  const header = new DataView(out.buffer);
  [MAGIC, VERSION, base, added.length, total].forEach((value, i) => {
    header.setUint32(4 * i, value, true);
  });
  out.set(
    added.map(({ special }) => (special ? 1 : 0)),
    HEADER_BYTES,
  );
  out.set(
    bytes.map(({ length }) => length),
    HEADER_BYTES + added.length,
  );
  let at = out.length - total;
  for (const token of bytes) {
    out.set(token, at);
    at += token.length;
  }
  return out;
}

/** Proves (1) and (2) of this file's head. */
function proveMerges(tokens: readonly string[], base: number, merges: TokenizerSource["merges"], file: string): void {
  const fail = (message: string): never => {
    throw new ModelFileError(file, `${message}; this is not a byte-level vocabulary as Qwen2's`);
  };
  if (merges.length !== base - 256) fail(`${merges.length} merges for ${base} tokens; expected ${base - 256}`);
  const ids = new Map<string, number>();
  for (let id = 0; id < base; id++) ids.set(tokens[id]!, id);
  if (ids.size !== base) fail(`${base - ids.size} tokens are spelled like another`);

  /** left · 2^18 + right -> the token that the pair makes. */
  const pairs = new Map<number, number>();
  for (const [i, merge] of merges.entries()) {
    const [left, right, rest] = typeof merge === "string" ? merge.split(" ") : merge;
    const a = ids.get(left ?? "");
    const b = ids.get(right ?? "");
    if (a === undefined || b === undefined || rest !== undefined) fail(`merge ${i} does not join two tokens`);
    if (`${left}${right}` !== tokens[256 + i]) fail(`merge ${i} does not make token ${256 + i}`);
    pairs.set(a! * 2 ** 18 + b!, 256 + i);
  }

  for (let id = 256; id < base; id++) {
    const parts = Array.from(tokens[id]!, (char) => ids.get(char)!);
    for (;;) {
      let best = Number.POSITIVE_INFINITY;
      let at = -1;
      for (let i = 0; i + 1 < parts.length; i++) {
        const pair = pairs.get(parts[i]! * 2 ** 18 + parts[i + 1]!) ?? Number.POSITIVE_INFINITY;
        if (pair < best) [best, at] = [pair, i];
      }
      if (at === -1) break;
      parts.splice(at, 2, best);
    }
    if (parts.length !== 1 || parts[0] !== id) fail(`token ${id} does not merge back to itself`);
  }
}

/** GPT-2's alphabet: printable Latin-1 characters stand for themselves, the other bytes for U+0100 and up, in order. */
const BYTE_OF = (() => {
  const bytes = new Map<string, number>();
  let other = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    bytes.set(String.fromCharCode(printable ? byte : other++), byte);
  }
  return bytes;
})();

function spelledBytes(token: string, id: number, file: string): Uint8Array {
  return Uint8Array.from(token, (char) => {
    const byte = BYTE_OF.get(char);
    if (byte === undefined) throw new ModelFileError(file, `token ${id} is not spelled in GPT-2's byte alphabet`);
    return byte;
  });
}

// llama.cpp's token types (tokenizer.ggml.token_type).
const GGUF_NORMAL = 1;
const GGUF_CONTROL = 3;
const GGUF_USER_DEFINED = 4;
const GGUF_UNUSED = 5;

/** The source in a GGUF's metadata; unused tokens at the end are padding and left out. */
export function tokenizerFromGguf(metadata: Readonly<Record<string, unknown>>, file = "GGUF"): TokenizerSource {
  const fail = (message: string): never => {
    throw new ModelFileError(file, message);
  };
  for (const [key, expected] of [
    ["tokenizer.ggml.model", "gpt2"],
    ["tokenizer.ggml.pre", "qwen2"],
  ] as const) {
    if (metadata[key] !== expected) fail(`${key} is ${JSON.stringify(metadata[key])}; expected "${expected}"`);
  }
  const list = (key: string): unknown[] => {
    const value = metadata[key];
    return Array.isArray(value) || ArrayBuffer.isView(value)
      ? Array.from(value as ArrayLike<unknown>)
      : fail(`${key} is missing`);
  };
  const tokens = strings(list("tokenizer.ggml.tokens"), "tokenizer.ggml.tokens", file);
  const merges = strings(list("tokenizer.ggml.merges"), "tokenizer.ggml.merges", file);
  const types = list("tokenizer.ggml.token_type");
  if (types.length !== tokens.length) fail(`${types.length} token types for ${tokens.length} tokens`);

  let end = tokens.length;
  while (end > 0 && types[end - 1] === GGUF_UNUSED) end--;
  const added: AddedToken[] = [];
  for (let id = 0; id < end; id++) {
    const type = types[id];
    if (type === GGUF_CONTROL || type === GGUF_USER_DEFINED) {
      added.push({ id, content: tokens[id]!, special: type === GGUF_CONTROL });
    } else if (type !== GGUF_NORMAL) fail(`token ${id} has type ${type}; expected normal, control or user-defined`);
  }
  return { tokens: tokens.slice(0, end), merges, added };
}

/** Qwen2's split pattern as tokenizer.json has it; src/token/pretokenize.ts is this pattern and no other. */
const SPLIT_PATTERN =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** The source in a parsed tokenizer.json. */
export function tokenizerFromJson(json: unknown, file = "tokenizer.json"): TokenizerSource {
  const fail = (message: string): never => {
    throw new ModelFileError(file, message);
  };
  const object = (value: unknown): Readonly<Record<string, unknown>> =>
    typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  const array = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
  const root = object(json);
  const model = object(root.model);
  if (model.type !== "BPE") fail(`model.type is ${JSON.stringify(model.type)}; expected "BPE"`);
  if (object(root.normalizer).type !== "NFC") fail("the normalizer is not NFC");
  const split = array(object(root.pre_tokenizer).pretokenizers).map(object)[0];
  if (object(split?.pattern).Regex !== SPLIT_PATTERN) fail("the pre_tokenizer does not split by Qwen2's pattern");

  const tokens: string[] = [];
  const place = (id: unknown, token: string) => {
    if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id >= MAX_TOKENS)
      fail("a token id is out of range");
    tokens[id as number] = token;
  };
  for (const [token, id] of Object.entries(object(model.vocab))) place(id, token);
  const added = array(root.added_tokens)
    .map((value): AddedToken => {
      const { id, content, special, ...flags } = object(value);
      if (typeof content !== "string") return fail("an added token has no content");
      for (const flag of ["normalized", "single_word", "lstrip", "rstrip"]) {
        if (flags[flag] === true) fail(`added token ${JSON.stringify(content)} is ${flag}, which is not supported`);
      }
      place(id, content);
      return { id: id as number, content, special: special === true };
    })
    .sort((a, b) => a.id - b.id);
  const merges = array(model.merges).map((merge): [string, string] => {
    const pair = typeof merge === "string" ? merge.split(" ") : array(merge);
    if (pair.length !== 2) fail("model.merges holds something that is not a pair");
    return strings(pair, "model.merges", file) as [string, string];
  });
  for (let id = 0; id < tokens.length; id++) if (tokens[id] === undefined) fail(`no token has id ${id}`);
  return { tokens, merges, added };
}

function strings(values: readonly unknown[], where: string, file: string): string[] {
  for (const value of values) {
    if (typeof value !== "string") throw new ModelFileError(file, `${where} holds something that is not a string`);
  }
  return values as string[];
}
