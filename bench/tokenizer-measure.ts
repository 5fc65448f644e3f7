// What the tokenizer costs in one runtime: time and memory to load, MB/s of UTF-8 to encode and to decode.
// Owns the texts and the order of the steps. Takes a way to ask tokenizer-worker.ts and to read the heap; gives a result.
// Must not know: which runtime it asks.

import { readFile } from "node:fs/promises";
import { median } from "./report.ts";
import type { Coded, Loaded } from "./tokenizer-worker.ts";

export interface Target {
  /** Posts to tokenizer-worker.ts. */
  post(path: string, body?: BodyInit): Promise<Response>;
  /** Bytes that JavaScript objects and array buffers take up. */
  heapBytes(): Promise<number>;
}

export interface Result {
  /** Of the first load in this process. */
  readonly firstMs: number;
  /** Of later ones, the median. */
  readonly ms: number;
  /** Held by the loaded vocabulary, its file included. */
  readonly heapMB: number;
  readonly texts: readonly { readonly name: string; readonly encodeMBs: number; readonly decodeMBs: number }[];
}

/** Measures with the tokenizer.bin of that path. */
export async function measure({ post, heapBytes }: Target, file: string): Promise<Result> {
  const ask = async (path: string, body?: BodyInit) => {
    const response = await post(path, body);
    const answer = await response.text();
    if (!response.ok) throw new Error(`${path}: status ${response.status}: ${answer}`);
    return answer;
  };
  const held = async () => {
    for (let i = 0; i < 3; i++) await ask("/gc"); // a request's body may outlive one collection
    return heapBytes();
  };
  const load = async () => (JSON.parse(await ask("/load", new Uint8Array(await readFile(file)))) as Loaded).ms;
  const before = await held();
  const firstMs = await load();
  const heapMB = ((await held()) - before) / 1e6;
  const later = [];
  for (let i = 0; i < 5; i++) later.push(await load());
  const texts = [];
  for (const [name, text] of Object.entries(await readTexts())) {
    const { bytes, encodeMs, decodeMs } = JSON.parse(await ask("/text", text)) as Coded;
    texts.push({ name, encodeMBs: bytes / 1e3 / encodeMs, decodeMBs: bytes / 1e3 / decodeMs });
  }
  return { firstMs, ms: median(later), heapMB, texts };
}

/** A megabyte of each. English, Chinese and code are the parts of one file, again and again. */
async function readTexts(): Promise<Record<string, string>> {
  const mixed = await readFile(new URL("texts/mixed.txt", import.meta.url), "utf8");
  const codeAt = mixed.indexOf("import heapq\n");
  const prose = mixed.slice(0, codeAt).split("\n");
  const isChinese = (line: string) => /\p{Script=Han}/u.test(line);
  const megabyte = (text: string) => text.repeat(Math.ceil(1e6 / new TextEncoder().encode(text).length));
  return {
    English: megabyte(prose.filter((line) => !isChinese(line)).join("\n")),
    Chinese: megabyte(prose.filter(isChinese).join("\n")),
    code: megabyte(mixed.slice(codeAt)),
    "one letter": megabyte("a"),
    spaces: megabyte(" "),
    "one emoji": megabyte("😀"),
  };
}
