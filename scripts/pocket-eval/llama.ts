// `npm run eval:pocket:llama`: compares our engine with llama.cpp (npm node-llama-cpp, CPU) on the same pocket.gguf: greedy
// text of held-out prompts.
// Takes --llama FOLDER, where node-llama-cpp is installed (default: bench's, which the npm script installs); prints every
// first difference with the gap of the two best logits there, then the counts. At most a tenth may differ, and only where
// llama.cpp's two best are close.
// Must not know: how answers are scored.
//
//   npm run eval:pocket:llama -- [--model FILE] [--count 50]

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parseManifest } from "../../src/model/manifest.ts";
import { createPrompter } from "../../src/prompt/chatml.ts";
import { encode, encodeParts } from "../../src/token/encode.ts";
import { loadVocab } from "../../src/token/vocab.ts";
import { answerTo, heldOutPrompts, openCompleter } from "../eval-pocket.ts";
import { openLlama, RAW } from "../llama-cpp.ts";
import { pack } from "../pack/pack.ts";

/** Two best logits nearer than this may change places with the order of a sum. */
const CLOSE = 0.25;
const { values } = parseArgs({
  options: {
    model: { type: "string", default: fileURLToPath(new URL("../../models/pocket/pocket.gguf", import.meta.url)) },
    llama: {
      type: "string",
      default: fileURLToPath(new URL("../../bench/node_modules/node-llama-cpp", import.meta.url)),
    },
    count: { type: "string", default: "50" },
  },
});
const every = heldOutPrompts();
const count = Number(values.count);
const prompts = Array.from({ length: count }, (_, i) => every[Math.floor((i * every.length) / count)]!);

const model = await openLlama({ folder: values.llama, gguf: values.model, contextSize: 1024, threads: 1 });

/** llama.cpp's two best ids after `ids`, best first, with their logits. */
async function best(ids: readonly number[]): Promise<[number, number][]> {
  const next = { generateNext: { logits: { filter: { includeTop: 2 } }, options: RAW } };
  const input = ids.map((id, i) => (i === ids.length - 1 ? ([id, next] as const) : id));
  const logits = (await model.evaluate(input)).at(-1)!.next.logits;
  return [...logits].sort((a, b) => b[1] - a[1]);
}

const out = mkdtempSync(join(tmpdir(), "pocket-"));
try {
  const { folder } = await pack(values.model, { out: join(out, "packed") });
  const manifest = parseManifest(JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")));
  const vocab = loadVocab(new Uint8Array(readFileSync(join(folder, manifest.tokenizer.file))));
  const prompter = createPrompter(manifest.chat_template);
  const completer = await openCompleter(folder);
  const end = vocab.addedId("<|im_end|>")!;
  let differ = 0;
  let far = 0;
  let split = 0;
  for (const { messages } of prompts) {
    const { text: answer, reason } = await answerTo(completer, messages);
    const ours = [...encode(vocab, answer, { special: true }), ...(reason === "stop" ? [end] : [])];
    const ids = encodeParts(vocab, prompter.render(messages));
    const text = prompter.renderText(messages);
    if (`${model.tokenize(text, true)}` !== `${encode(vocab, text, { special: true })}`) split++;
    await model.clear();
    let input: readonly number[] = ids;
    for (const [i, id] of ours.entries()) {
      const [first, second] = await best(input);
      if (first![0] !== id) {
        const gap = first![1] - second![1];
        differ++;
        if (gap > CLOSE) far++;
        console.log(`${JSON.stringify(messages.at(-1)!.content)} differs at token ${i}, gap ${gap.toFixed(3)}`);
        break;
      }
      input = [id];
    }
  }
  console.log(
    `${count} prompts: ${split} split differently, ${differ} answers differ, ${far} of them with a gap above ${CLOSE}`,
  );
  process.exitCode = split > 0 || far > 0 || differ > count / 10 ? 1 : 0;
} finally {
  rmSync(out, { recursive: true });
}
process.exit(); // llama.cpp keeps threads
