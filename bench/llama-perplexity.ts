// The perplexity that llama.cpp (node-llama-cpp, CPU) gives for a GGUF file, over the windows of `qwen-edge eval`:
//
//     node bench/llama-perplexity.ts --gguf FILE --text bench/texts/mixed.txt
//
// Installs bench/package.json on first use. Must not know: our engine; only the windows are shared.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openLlama, RAW } from "../scripts/llama-cpp.ts";

const { values } = parseArgs({
  options: { gguf: { type: "string" }, text: { type: "string" }, context: { type: "string", default: "512" } },
});
const { gguf = "", text = "" } = values;
const size = Number(values.context);

const folder = fileURLToPath(new URL("./", import.meta.url));
const llamaCpp = `${folder}node_modules/node-llama-cpp`;
if (!existsSync(llamaCpp)) execFileSync("npm", ["install", "--no-package-lock"], { cwd: folder, stdio: "inherit" });
const { version } = JSON.parse(await readFile(`${llamaCpp}/package.json`, "utf8"));

const model = await openLlama({ folder: llamaCpp, gguf, contextSize: size, threads: 2 });
const ids = model.tokenize(await readFile(text, "utf8"), false);

let nats = 0;
let tokens = 0;
const byWindow: number[] = [];
for (let first = 0; first + 1 < ids.length; first += size) {
  const window = ids.slice(first, first + size);
  await model.clear();
  const input = window.slice(0, -1).map((id, row) => {
    const logits = { filter: { tokens: [window[row + 1]!], includeTop: 1 } };
    return [id, { generateNext: { logits, totalLogitWeight: true, options: RAW } }] as const;
  });
  let sum = 0;
  for (const [row, output] of (await model.evaluate(input)).entries()) {
    const { logits, totalLogitWeight } = output!.next;
    sum += Math.max(...logits.values()) + Math.log(totalLogitWeight) - logits.get(window[row + 1]!)!;
  }
  nats += sum;
  tokens += input.length;
  byWindow.push(sum / input.length);
}
const report = {
  model: basename(gguf),
  text: basename(text),
  ids_sha256: createHash("sha256").update(Uint32Array.from(ids)).digest("hex"),
  ...{ context: size, windows: byWindow.length, tokens },
  ...{ nats_per_token: nats / tokens, perplexity: Math.exp(nats / tokens), by_window: byWindow },
  versions: { "node-llama-cpp": version },
};
console.log(JSON.stringify(report, null, 2));
process.exit(); // llama.cpp's threads would keep the process
