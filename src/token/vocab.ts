// The vocabulary: which bytes a token stands for, and which token some bytes are.
// Owns the layout of tokenizer.bin; keeps the file's own bytes plus two typed arrays, no object per token (real vocabulary:
// 2.8 MB in all). Takes the file's bytes. Must not know: text, Unicode, how merges are applied.
//
//   tokenizer.bin, little-endian
//   ┌────────┬─────────┬──────┬───────┬───────┬──────────────┬─────────────────┬──────────────────────┐
//   │ "QETK" │ version │ base │ added │ bytes │ flags        │ lengths         │ bytes of all tokens, │
//   │ u32    │ u32     │ u32  │ u32   │ u32   │ u8 per added │ u8 per token    │ end to end, by id    │
//   └────────┴─────────┴──────┴───────┴───────┴──────────────┴─────────────────┴──────────────────────┘
//   Ids 0..255 are the single bytes, in the vocabulary's own order; the i-th merge makes id 256 + i; added tokens follow,
//   as UTF-8. Bit 0 of an added token's flags: special. No merge is stored: scripts/pack/tokenizer.ts proves that a pair
//   may merge exactly when its bytes are a token, and that the lower id goes first.

import { ModelFileError } from "../errors.ts";

export const MAGIC = 0x4b544551;
export const VERSION = 1;
export const HEADER_BYTES = 20;
/** Ids fit 18 bits, so that one i32 of the hash table holds an id and 14 bits of its hash. */
export const MAX_TOKENS = 2 ** 18 - 1;
/** A length is one byte. The longest token of Qwen2 has 128 (spaces). */
export const MAX_TOKEN_BYTES = 255;

const ID_BITS = MAX_TOKENS;
const HASH_BITS = ~ID_BITS;

/** A token beside the byte-pair ones; `special` ones are left out of decoded text on request. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
}

export class Vocab {
  /** How many tokens there are; ids from here on are padding. */
  readonly tokens: number;
  /** How many of them are byte-pair tokens; added tokens follow. */
  readonly base: number;
  readonly added: readonly AddedToken[];
  /** Matches any added token, the longest first; null when there is none. Global: use with matchAll. */
  readonly addedPattern: RegExp | null;
  private readonly addedIds: ReadonlyMap<string, number>;
  private readonly bytes: Uint8Array;
  /** Where each token's bytes begin; one more entry for the end. */
  private readonly offsets: Uint32Array;
  /** Open addressing; a slot is 0 or (high bits of the hash | id + 1). */
  private readonly table: Int32Array;
  private readonly longest: number;

  /** Use loadVocab. */
  constructor(parts: {
    base: number;
    special: readonly boolean[];
    bytes: Uint8Array;
    offsets: Uint32Array;
    file: string;
  }) {
    const { base, special, bytes, offsets, file } = parts;
    this.base = base;
    this.tokens = base + special.length;
    this.bytes = bytes;
    this.offsets = offsets;
    // At most two thirds full: a lookup ends after few slots.
    this.table = new Int32Array(2 ** Math.ceil(Math.log2(base * 1.5)));
    let longest = 0;
    for (let id = 0; id < base; id++) {
      const length = offsets[id + 1]! - offsets[id]!;
      if (id < 256 && length !== 1)
        throw new ModelFileError(file, `token ${id} has ${length} bytes; the first 256 have 1`);
      if (length > longest) longest = length;
      this.insert(id, file);
    }
    this.longest = longest;
    const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    this.added = special.map((isSpecial, i) => {
      try {
        return { id: base + i, content: utf8.decode(this.bytesOf(base + i)), special: isSpecial };
      } catch (cause) {
        throw new ModelFileError(file, `added token ${base + i} is not UTF-8`, { cause });
      }
    });
    this.addedIds = new Map(this.added.map(({ content, id }) => [content, id]));
    if (this.addedIds.size !== this.added.length) throw new ModelFileError(file, "two added tokens have the same text");
    const contents = this.added.map(({ content }) => content).sort((a, b) => b.length - a.length);
    const escaped = contents.map((content) => content.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
    this.addedPattern = escaped.length === 0 ? null : new RegExp(escaped.join("|"), "g");
  }

  /** The bytes of a token: perhaps only a part of a character. A view: do not write. Throws a RangeError for padding ids. */
  bytesOf(id: number): Uint8Array {
    if (!(Number.isInteger(id) && id >= 0 && id < this.tokens)) {
      throw new RangeError(`Token id ${id} is not in 0..${this.tokens - 1}`);
    }
    return this.bytes.subarray(this.offsets[id]!, this.offsets[id + 1]!);
  }

  /** True for added tokens that are not text, such as <|im_end|>; false for all others and for padding ids. */
  isSpecial(id: number): boolean {
    return this.added[id - this.base]?.special ?? false;
  }

  /** The id of an added token by its text. */
  addedId(content: string): number | undefined {
    return this.addedIds.get(content);
  }

  /** The byte-pair token that is text[start..end), or -1. Costs at most the longest token's bytes, twice. */
  find(text: Uint8Array, start: number, end: number): number {
    if (end - start > this.longest) return -1;
    const hash = hashOf(text, start, end);
    const mask = this.table.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.table[slot]!;
      if (entry === 0) return -1;
      if (((entry ^ hash) & HASH_BITS) !== 0) continue;
      const id = (entry & ID_BITS) - 1;
      if (this.equals(id, text, start, end)) return id;
    }
  }

  private equals(id: number, text: Uint8Array, start: number, end: number): boolean {
    const from = this.offsets[id]!;
    if (this.offsets[id + 1]! - from !== end - start) return false;
    for (let i = start; i < end; i++) if (this.bytes[from + i - start] !== text[i]) return false;
    return true;
  }

  private insert(id: number, file: string): void {
    const start = this.offsets[id]!;
    const end = this.offsets[id + 1]!;
    const hash = hashOf(this.bytes, start, end);
    const mask = this.table.length - 1;
    let slot = hash & mask;
    for (; this.table[slot] !== 0; slot = (slot + 1) & mask) {
      const entry = this.table[slot]!;
      const other = (entry & ID_BITS) - 1;
      if (((entry ^ hash) & HASH_BITS) === 0 && this.equals(other, this.bytes, start, end)) {
        throw new ModelFileError(file, `tokens ${other} and ${id} are the same bytes`);
      }
    }
    this.table[slot] = (hash & HASH_BITS) | (id + 1);
  }
}

/** FNV-1a of bytes[start..end), its halves mixed: the low bits choose the slot, the high ones are kept in it. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash ^ (hash >>> 15);
}

/**
 * Reads tokenizer.bin. The vocabulary keeps a view of `data`, which must not change after.
 * @throws {ModelFileError} saying what was found and what was expected
 */
export function loadVocab(data: Uint8Array, file = "tokenizer.bin"): Vocab {
  const fail = (message: string): never => {
    throw new ModelFileError(file, message);
  };
  if (data.length < HEADER_BYTES) fail(`${data.length} bytes; the header alone has ${HEADER_BYTES}`);
  const header = new DataView(data.buffer, data.byteOffset, HEADER_BYTES);
  const [magic, version, base, added, total] = [0, 4, 8, 12, 16].map((at) => header.getUint32(at, true)) as Five;
  if (magic !== MAGIC) fail('does not begin with "QETK": not a packed tokenizer');
  if (version !== VERSION) fail(`version ${version}; this version reads ${VERSION}: pack the model again`);
  const tokens = base + added;
  if (base < 256 || tokens > MAX_TOKENS) fail(`${base} + ${added} tokens; expected 256 to ${MAX_TOKENS}`);
  const expected = HEADER_BYTES + added + tokens + total;
  if (data.length !== expected) fail(`${data.length} bytes; its header says ${expected}`);
  const flags = data.subarray(HEADER_BYTES, HEADER_BYTES + added);
  const lengths = data.subarray(HEADER_BYTES + added, HEADER_BYTES + added + tokens);
  const offsets = new Uint32Array(tokens + 1);
  for (let id = 0; id < tokens; id++) {
    if (lengths[id] === 0) fail(`token ${id} is empty`);
    offsets[id + 1] = offsets[id]! + lengths[id]!;
  }
  if (offsets[tokens] !== total) fail(`tokens of ${offsets[tokens]} bytes; its header says ${total}`);
  const special = Array.from(flags, (flag) => (flag & 1) === 1);
  return new Vocab({ base, special, bytes: data.subarray(expected - total), offsets, file });
}

type Five = [number, number, number, number, number];
