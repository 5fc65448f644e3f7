// `qwen-edge eval`: the perplexity of a packed model on a text.
// Owns what is scored: the text's ids are cut into windows of --context ids that do not overlap; each window starts anew,
// and every id but its first is scored. The last window may be shorter. scripts/golden/perplexity.py does the same.
// Must not know: sampling, servers.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import type { Constraint } from "../src/engine/frame.ts";
import type { Variant } from "../src/engine/kernels.ts";
import { encode } from "../src/token/encode.ts";
import { loadVocab } from "../src/token/vocab.ts";
import { compiledKernels, forward, type OpenModel, openModel } from "./forward.ts";
import { findModel } from "./model-path.ts";
import { ensurePacked } from "./pack/cache.ts";
import { ProgressLine } from "./progress.ts";
import { parseChoice, parseInteger, UsageError } from "./usage.ts";

const HELP = `Usage: qwen-edge eval --model NAME|PATH --text FILE [OPTIONS]

Prints the perplexity of a model on a text (UTF-8, taken as plain text: control tokens in it are text).

  --model NAME|PATH  a packed folder, a GGUF file or a Hugging Face folder, or the name of one; packed on first use
  --text FILE        the text
  --quant q4|q8      weight format when packing (default: by the model's size)
  --context N        ids in a window (default 512)
  --kernels VARIANT  i32, i16 or plain (default: the fast one of this machine)
  --json             one JSON object instead of a line`;

/** What eval found; nats are natural logarithms. */
export interface Perplexity {
  readonly ids_sha256: string;
  readonly context: number;
  readonly windows: number;
  /** Ids that were scored. */
  readonly tokens: number;
  readonly nats_per_token: number;
  readonly perplexity: number;
  readonly by_window: readonly number[];
}

/** Runs the command. */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      model: { type: "string" },
      text: { type: "string" },
      quant: { type: "string" },
      context: { type: "string", default: "512" },
      kernels: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (values.model === undefined) throw new UsageError("--model is missing");
  if (values.text === undefined) throw new UsageError("--text is missing");
  const context = parseInteger("context", values.context, { min: 2, max: 32_768 });
  const variants: readonly Variant[] = ["i32", "i16", "plain"];
  const variant = values.kernels === undefined ? undefined : parseChoice("kernels", values.kernels, variants);

  const quant = values.quant === undefined ? undefined : parseChoice("quant", values.quant, ["q4", "q8"]);

  const progress = new ProgressLine();
  const folder = await ensurePacked(findModel(values.model), {
    quant,
    onProgress: (done, total) => progress.show("Packing", done / total),
    onNote: (line) => progress.print(line),
  });
  const ids = await encodeFile(folder, values.text);
  const model = await openModel(folder, { context, rows: 64, bindKernels: compiledKernels(variant) });
  const started = performance.now();
  const onProgress = (done: number) => progress.show("Scoring", done / ids.length);
  const result = await perplexity(model, ids, { context, onProgress });
  progress.clear();
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  const { name, quant: format } = model.manifest;
  const report = { model: name, quant: format, text: basename(values.text), ...result, seconds };
  const line =
    `${name} ${format} on ${report.text}: perplexity ${result.perplexity.toFixed(4)} ` +
    `(${result.nats_per_token.toFixed(5)} nats a token, ${result.tokens} tokens in ${result.windows} windows of ${context}, ` +
    `${seconds} s)`;
  console.log(values.json ? JSON.stringify(report, null, 2) : line);
  return 0;
}

/** The ids of a text file by the model's own tokenizer. */
export async function encodeFile(folder: string, file: string): Promise<number[]> {
  const vocab = loadVocab(new Uint8Array(await readFile(join(folder, "tokenizer.bin"))));
  return encode(vocab, await readFile(file, "utf8"), { special: false });
}

/**
 * The perplexity of `ids`, in windows of `context`.
 * @throws {RangeError} when there is nothing to score
 */
export async function perplexity(
  model: OpenModel,
  ids: readonly number[],
  options: { context: number; onProgress?: (done: number) => void },
): Promise<Perplexity> {
  const { context, onProgress } = options;
  const windows: { tokens: number; nats: number }[] = [];
  for (let first = 0; first + 1 < ids.length; first += context) {
    const window = ids.slice(first, first + context);
    // A row is asked for the logit of the id that follows; the last row of a window has no follower.
    const constraint = (row: number): Constraint | undefined =>
      row + 1 < window.length
        ? { temperature: 0, top: 1, topRaw: 0, adjustments: [], tile: -1, wanted: [window[row + 1]!] }
        : undefined;
    const rows = await forward(model, window, { constraint });
    const nats = rows.reduce((sum, row) => sum + row.rawLogSum - row.wanted[0]!.logit, 0);
    windows.push({ tokens: rows.length, nats });
    onProgress?.(first + window.length);
  }
  const tokens = windows.reduce((sum, w) => sum + w.tokens, 0);
  if (tokens === 0) throw new RangeError(`The text has ${ids.length} ids; at least two are needed`);
  const mean = windows.reduce((sum, w) => sum + w.nats, 0) / tokens;
  return {
    ids_sha256: createHash("sha256").update(Uint32Array.from(ids)).digest("hex"),
    context,
    windows: windows.length,
    tokens,
    nats_per_token: mean,
    perplexity: Math.exp(mean),
    by_window: windows.map((w) => w.nats / w.tokens),
  };
}
