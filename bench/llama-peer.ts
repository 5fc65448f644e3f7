// llama.cpp as npm's node-llama-cpp brings it, asked like an engine of ours: FILE.gguf as argument, lines.ts's commands.
// One thread. Rows are evaluated as llama-bench does it: the last one has logits, nothing is chosen from them.
// Must not know: our engine, what time it is.

import { fileURLToPath, pathToFileURL } from "node:url";
import { serveLines } from "./lines.ts";
import type { Command, Done, Item } from "./protocol.ts";

/** The part of node-llama-cpp that is used here; the package is not there when types are checked. */
interface LlamaCpp {
  getLlama(options: { gpu: false; build: "never"; maxThreads: number; logLevel: "error" }): Promise<{
    loadModel(options: { modelPath: string }): Promise<{
      readonly trainContextSize: number;
      createContext(options: { contextSize: number; threads: number }): Promise<{ getSequence(): Sequence }>;
    }>;
  }>;
}

interface Sequence {
  readonly nextTokenIndex: number;
  clearHistory(): Promise<void>;
  eraseContextTokenRanges(ranges: { start: number; end: number }[]): Promise<void>;
  /** Without sampling it evaluates and ends. */
  evaluate(tokens: number[], options: { _noSampling: true }): AsyncGenerator<number>;
}

/** Tokens that some id is taken from; every Qwen vocabulary has more. */
const IDS = 100_000;
/** The longest decode or prefill that is asked for, steps included. */
const CONTEXT = 4_608;

const entry = new URL("node_modules/node-llama-cpp/dist/index.js", import.meta.url);
const { getLlama } = (await import(pathToFileURL(fileURLToPath(entry)).href)) as LlamaCpp;
const llama = await getLlama({ gpu: false, build: "never", maxThreads: 1, logLevel: "error" });
const model = await llama.loadModel({ modelPath: process.argv[2] ?? "" });
const open = async (contextSize: number) => (await model.createContext({ contextSize, threads: 1 })).getSequence();
/** By context: computing one takes long, so each is kept, and what was decoded behind it is erased. */
const decoding = new Map<number, Sequence>();
const prefilling = await open(CONTEXT);
let run: () => Promise<Done> = () => Promise.reject(new TypeError("Prepare an item first"));

await serveLines(async (command: Command) => {
  if (command.do === "prepare") run = await prepare(command.item);
  return command.do === "run" ? run() : null;
});
process.exit(); // llama.cpp's threads would keep the process

async function prepare(item: Item): Promise<() => Promise<Done>> {
  if (item.kind === "prefill") {
    await prefilling.clearHistory();
    return async () => {
      await evaluate(prefilling, ids(0, item.length));
      return { units: item.length };
    };
  }
  if (item.kind !== "decode") throw new TypeError(`llama.cpp is not asked for ${item.kind}`);
  const { context, steps } = item;
  let sequence = decoding.get(context);
  if (sequence === undefined) {
    sequence = await open(context + 256);
    await evaluate(sequence, ids(0, context));
    decoding.set(context, sequence);
  }
  const { nextTokenIndex } = sequence;
  if (nextTokenIndex > context) await sequence.eraseContextTokenRanges([{ start: context, end: nextTokenIndex }]);
  await evaluate(sequence, ids(context, context + 1));
  return async () => {
    for (let i = 1; i <= steps; i++) await evaluate(sequence, ids(context + i, context + i + 1));
    return { units: steps };
  };
}

async function evaluate(sequence: Sequence, tokens: number[]): Promise<void> {
  for await (const _ of sequence.evaluate(tokens, { _noSampling: true })) throw new Error("llama.cpp chose a token");
}

/** Those of our engine (subject.ts), but for a vocabulary of its own. */
function ids(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, i) => ((first + i) * 7919 + 17) % IDS);
}
