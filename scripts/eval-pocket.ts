// `npm run eval:pocket`: the pocket model's score on its held-out prompts, greedy, through our own engine.
// Takes a model (default: models/pocket/pocket.gguf); prints the score by kind, how many answers did not end or repeat
// themselves, and a last line `score: N %`.
// Must not know: how the model was trained.
//
//   npm run eval:pocket -- [--model FILE] [--quant FORMAT] [--every N] [--show] [--json FILE]

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { WEIGHT_FORMATS } from "../kernels/formats.ts";
import { Chain } from "../src/chain/chain.ts";
import { createCompleter } from "../src/complete.ts";
import type { Completer, FinishReason, Message } from "../src/completer.ts";
import { createPrompter } from "../src/prompt/chatml.ts";
import { loadVocab } from "../src/token/vocab.ts";
import { openModel } from "./forward.ts";
import { pack } from "./pack/pack.ts";
import { type Check, isRight, repeats } from "./pocket-eval/check.ts";
import { parseChoice, parseInteger, report } from "./usage.ts";

const FOLDER = new URL("../models/pocket/", import.meta.url);
/** No right answer is longer. */
const MAX_TOKENS = 128;
const CONTEXT = 1024;

export interface HeldOutPrompt {
  readonly kind: string;
  readonly language: "en" | "zh";
  readonly messages: readonly Message[];
  readonly answer: string;
  readonly check: Check;
}

export interface Answer {
  readonly text: string;
  readonly reason: FinishReason;
  readonly tokens: number;
}

/** The committed prompts, in their order. */
export function heldOutPrompts(): HeldOutPrompt[] {
  return JSON.parse(readFileSync(new URL("heldout.json", FOLDER), "utf8")) as HeldOutPrompt[];
}

/** A packed model as a completer in this process. */
export async function openCompleter(folder: string): Promise<Completer> {
  const { manifest, stages, math } = await openModel(folder, { rows: 64, context: CONTEXT });
  const limits = { rows: 64, kvPositions: CONTEXT, context: CONTEXT, maxSessions: 1, queue: 1, budgetBytes: 2 ** 32 };
  return createCompleter({
    manifest,
    prompter: createPrompter(manifest.chat_template),
    vocab: loadVocab(new Uint8Array(readFileSync(join(folder, manifest.tokenizer.file)))),
    chain: new Chain({ manifest, stages, math, limits }),
    limits: { contextLength: CONTEXT, maxTokens: MAX_TOKENS },
  });
}

/** The greedy answer to messages, without penalties. */
export async function answerTo(completer: Completer, messages: readonly Message[]): Promise<Answer> {
  const request = {
    model: "pocket",
    messages,
    temperature: 0,
    repetitionPenalty: 1,
    stop: [],
    stopTokenIds: [],
    ignoreEos: false,
    logitBias: new Map<number, number>(),
    topLogprobs: null,
  };
  const completion = await completer.complete(request, new AbortController().signal);
  if (!("deltas" in completion)) throw new TypeError("The edge's completer gave a response instead of deltas");
  let text = "";
  for await (const delta of completion.deltas) {
    if (delta.kind === "finish") return { text, reason: delta.reason, tokens: delta.usage.completionTokens };
    text += delta.text;
  }
  throw new TypeError("An answer ended without its last delta");
}

/** An answer counts when it passes its check and ended by itself. */
export function isCorrect({ text, reason }: Answer, prompt: HeldOutPrompt): boolean {
  return reason === "stop" && isRight(text, prompt.check, prompt.answer);
}

/** kind -> [right, all]. */
export function scoreByKind(
  prompts: readonly HeldOutPrompt[],
  right: readonly boolean[],
): Map<string, [number, number]> {
  const scores = new Map<string, [number, number]>();
  for (const [i, { kind }] of prompts.entries()) {
    const score = scores.get(kind) ?? [0, 0];
    scores.set(kind, [score[0] + Number(right[i]), score[1] + 1]);
  }
  return scores;
}

/** What goes wrong in an answer whatever was asked: it runs into the limit of tokens, or says four words three times. */
export function failures(answers: readonly Answer[]): { readonly endless: number; readonly repeating: number } {
  return {
    endless: answers.filter(({ reason }) => reason !== "stop").length,
    repeating: answers.filter(({ text }) => repeats(text)).length,
  };
}

async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      model: { type: "string", default: fileURLToPath(new URL("pocket.gguf", FOLDER)) },
      quant: { type: "string", default: "q8" },
      every: { type: "string", default: "1" },
      show: { type: "boolean", default: false },
      json: { type: "string" },
    },
  });
  const quant = parseChoice("quant", values.quant, WEIGHT_FORMATS);
  const every = parseInteger("every", values.every, { min: 1, max: 100 });
  const prompts = heldOutPrompts().filter((_, i) => i % every === 0);
  const out = mkdtempSync(join(tmpdir(), "pocket-"));
  const answers: Answer[] = [];
  const started = performance.now();
  try {
    const { folder } = await pack(values.model, { quant, out: join(out, "packed") });
    const completer = await openCompleter(folder);
    for (const { messages } of prompts) answers.push(await answerTo(completer, messages));
  } finally {
    rmSync(out, { recursive: true });
  }
  const seconds = (performance.now() - started) / 1000;
  const right = prompts.map((prompt, i) => isCorrect(answers[i]!, prompt));
  if (values.show) {
    for (const [i, { kind, messages, answer }] of prompts.entries()) {
      if (right[i]) continue;
      console.log(
        `${kind}: ${messages.at(-1)!.content}\n  said ${JSON.stringify(answers[i]!.text)}\n  not  ${JSON.stringify(answer)}`,
      );
    }
  }
  if (values.json) writeFileSync(values.json, JSON.stringify(answers.map(({ text }) => text)));
  const percent = (part: number, all: number) => ((100 * part) / all).toFixed(1).padStart(5);
  for (const [kind, [part, all]] of scoreByKind(prompts, right)) {
    console.log(`${kind.padEnd(13)} ${percent(part, all)} %  ${part}/${all}`);
  }
  for (const language of ["en", "zh"]) {
    const mine = right.filter((_, i) => prompts[i]!.language === language);
    console.log(`${language.padEnd(13)} ${percent(mine.filter(Boolean).length, mine.length)} %`);
  }
  const tokens = answers.reduce((sum, answer) => sum + answer.tokens, 0);
  console.log(`${prompts.length} answers, ${tokens} tokens in ${seconds.toFixed(1)} s`);
  const { endless, repeating } = failures(answers);
  console.log(`${endless} did not end by themselves, ${repeating} repeat four words or characters three times`);
  console.log(`score: ${percent(right.filter(Boolean).length, right.length).trim()} %`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await run(process.argv.slice(2)).catch((error: unknown) => {
    process.exitCode = report(error, "the head of scripts/eval-pocket.ts");
  });
}
