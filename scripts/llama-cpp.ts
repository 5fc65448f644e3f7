// llama.cpp as npm's node-llama-cpp brings it, for comparisons: its tokens, and its logits after ids. CPU only.
// Takes the package's folder and a GGUF; gives what a comparison asks for. Its threads keep the process: end it by
// process.exit(). Must not know: our engine, what is compared.

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** The part of node-llama-cpp that is used here; the package is not there when types are checked. */
interface LlamaCpp {
  getLlama(options: { gpu: false; build: "never" }): Promise<{
    loadModel(options: { modelPath: string }): Promise<{
      tokenize(text: string, specialTokens: boolean): number[];
      createContext(options: { contextSize: number; threads: number }): Promise<{ getSequence(): Sequence }>;
    }>;
  }>;
}

interface Sequence {
  clearHistory(): Promise<void>;
  controlledEvaluate(input: unknown[]): Promise<(Output | undefined)[]>;
}

interface Output {
  /** totalLogitWeight: the sum of exp(logit - largest logit), when asked for. */
  readonly next: { readonly logits: ReadonlyMap<number, number>; readonly totalLogitWeight: number };
}

/** An id, or one after which logits are wanted. */
export type Asked = number | readonly [id: number, options: { readonly generateNext: object }];

/** Its samplers switched off, so that logits are the model's own. */
export const RAW = { temperature: 1, topK: 0, topP: 1, minP: 0 };

export interface LlamaModel {
  tokenize(text: string, special: boolean): number[];
  /** Forgets all ids. */
  clear(): Promise<void>;
  /** Goes on with ids; one output for each that asks for it, undefined for the others. */
  evaluate(input: readonly Asked[]): Promise<readonly (Output | undefined)[]>;
}

/** Loads a model with one context. */
export async function openLlama(options: {
  readonly folder: string;
  readonly gguf: string;
  readonly contextSize: number;
  readonly threads: number;
}): Promise<LlamaModel> {
  const entry = pathToFileURL(resolve(options.folder, "dist/index.js")).href;
  const { getLlama } = (await import(entry)) as LlamaCpp;
  const llama = await getLlama({ gpu: false, build: "never" });
  const model = await llama.loadModel({ modelPath: options.gguf });
  const { contextSize, threads } = options;
  const sequence = (await model.createContext({ contextSize, threads })).getSequence();
  return {
    tokenize: (text, special) => model.tokenize(text, special),
    clear: () => sequence.clearHistory(),
    evaluate: (input) => sequence.controlledEvaluate([...input]),
  };
}
