// `qwen-edge eval`: the perplexity of a packed model on texts, and how far it is from another packing of the same model.
// Owns the command's options and what it prints. Must not know: what is scored and how (eval/score.ts), servers.

import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { WEIGHT_FORMATS, type WeightFormat } from "../kernels/formats.ts";
import type { Variant } from "../src/engine/kernels.ts";
import type { Manifest } from "../src/model/manifest.ts";
import type { Qwen2Config } from "../src/model/qwen2.ts";
import { encode } from "../src/token/encode.ts";
import { loadVocab } from "../src/token/vocab.ts";
import { openCompared, type Perplexity, scoreWindows, summary, type Window } from "./eval/score.ts";
import { compiledKernels, openModel } from "./forward.ts";
import { findModel } from "./model-path.ts";
import { ensurePacked } from "./pack/cache.ts";
import { ProgressLine } from "./progress.ts";
import { parseChoice, parseInteger, UsageError } from "./usage.ts";

const HELP = `Usage: qwen-edge eval --model NAME|PATH --text FILE [--text FILE …] [OPTIONS]

Prints the perplexity of a model on texts (UTF-8, taken as plain text: control tokens in them are text), one line for
each and one for all. With --against also how its next-token distributions differ from a reference's.

  --model NAME|PATH    a packed folder, a GGUF file or a Hugging Face folder, or the name of one; packed on first use
  --text FILE          a text; several: a kind of text each
  --against NAME|PATH  the reference: another packing of the same model. Prints the mean KL divergence from it in nats, and
                       how often both find the same token the likeliest
  --kv bf16|q8         how keys and values of --model are kept (default bf16, which the reference always has)
  --quant FORMAT       ${WEIGHT_FORMATS.join(" or ")}, when packing --model (default: by the model's size)
  --context N          ids in a window (default 512)
  --kernels VARIANT    i32, i16 or plain (default: the fast one of this machine)
  --json               one JSON object instead of lines`;

/** Rows of a frame. */
const ROWS = 64;

/** Runs the command. */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      model: { type: "string" },
      text: { type: "string", multiple: true },
      against: { type: "string" },
      quant: { type: "string" },
      kv: { type: "string", default: "bf16" },
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
  const quant = values.quant === undefined ? undefined : parseChoice("quant", values.quant, WEIGHT_FORMATS);
  const kvFormat = parseChoice("kv", values.kv, ["bf16", "q8"]);

  const progress = new ProgressLine();
  const packed = (model: string, format?: WeightFormat) =>
    ensurePacked(findModel(model), {
      quant: format,
      onProgress: (done, total) => progress.show("Packing", done / total),
      onNote: (line) => progress.print(line),
    });
  const folder = await packed(values.model, quant);
  const texts: Text[] = [];
  for (const file of values.text) texts.push({ text: basename(file), ids: await encodeFile(folder, file) });
  const options = { context, rows: ROWS, bindKernels: compiledKernels(variant) };
  const open = async () => {
    if (values.against === undefined) return { model: await openModel(folder, { ...options, kvFormat }) };
    const reference = await openCompared(await packed(values.against), options);
    const model = await openCompared(folder, { ...options, kvFormat });
    checkComparable(model.manifest, reference.manifest);
    return { model, against: { reference, kept: model.kept } };
  };
  const { model, against } = await open();

  const total = texts.reduce((sum, { ids }) => sum + ids.length, 0);
  const started = performance.now();
  const windows: Window[][] = [];
  let before = 0;
  for (const { ids } of texts) {
    const onProgress = (done: number) => progress.show("Scoring", (before + done) / total);
    windows.push(await scoreWindows(model, ids, { context, against, onProgress }));
    before += ids.length;
  }
  progress.clear();
  const scored = { context, against };
  const byText = texts.map(({ text, ids }, i) => ({ text, ...summary([ids], windows[i]!, scored) }));
  const report: Report = {
    model: model.manifest.name,
    quant: model.manifest.quant,
    kv: kvFormat,
    ...(against && { reference: { model: against.reference.manifest.name, quant: against.reference.manifest.quant } }),
    text: texts.map(({ text }) => text).join(", "),
    ...summary(
      texts.map(({ ids }) => ids),
      windows.flat(),
      scored,
    ),
    by_text: byText,
    seconds: Math.round((performance.now() - started) / 100) / 10,
  };
  console.log(values.json ? JSON.stringify(report, null, 2) : lines(report).join("\n"));
  return 0;
}

interface Text {
  readonly text: string;
  readonly ids: readonly number[];
}

/** The figures of all texts together, and of each. */
interface Report extends Perplexity {
  readonly model: string;
  readonly quant: string;
  readonly kv: string;
  readonly reference?: { readonly model: string; readonly quant: string };
  readonly text: string;
  readonly by_text: readonly (Perplexity & { readonly text: string })[];
  readonly seconds: number;
}

function lines(report: Report): string[] {
  const { model, quant, kv, reference, by_text, seconds } = report;
  const packing = kv === "bf16" ? quant : `${quant} with KV in ${kv}`;
  const line = (text: string, found: Perplexity, more = "") => {
    const perplexity =
      `${model} ${packing} on ${text}: perplexity ${found.perplexity.toFixed(4)} ` +
      `(${found.nats_per_token.toFixed(5)} nats a token, ${found.tokens} tokens in ${found.windows} windows of ` +
      `${found.context}${more})`;
    if (reference === undefined || found.against === undefined) return perplexity;
    const { kl_divergence, top1_agreement } = found.against;
    return (
      `${perplexity}; against ${reference.model} ${reference.quant}: KL divergence ${kl_divergence.toFixed(5)} nats, ` +
      `top-1 agreement ${(100 * top1_agreement).toFixed(2)} %`
    );
  };
  const took = `, ${seconds} s`;
  if (by_text.length === 1) return [line(by_text[0]!.text, report, took)];
  return [...by_text.map((found) => line(found.text, found)), line("all texts", report, took)];
}

/**
 * What every packing of a model has in common. The other fields may differ: a file may leave the table's padding rows out,
 * hold the head apart, or be made for a longer context.
 */
const COMMON: readonly (keyof Qwen2Config)[] = [
  "hidden_size",
  "intermediate_size",
  "num_hidden_layers",
  "num_attention_heads",
  "num_key_value_heads",
  "head_dim",
  "rope_theta",
];

/** @throws {UsageError} when one model's logits say nothing about the other's */
function checkComparable(model: Manifest, reference: Manifest): void {
  const field = COMMON.find((name) => model.config[name] !== reference.config[name]);
  const other = model.tokenizer.sha256 === reference.tokenizer.sha256 ? field : "tokenizer";
  if (other === undefined) return;
  throw new UsageError(
    `--against has another ${other}: ${reference.name} and ${model.name} are not two packings of one model`,
  );
}

/** The ids of a text file by the model's own tokenizer. */
export async function encodeFile(folder: string, file: string): Promise<number[]> {
  const vocab = loadVocab(new Uint8Array(await readFile(join(folder, "tokenizer.bin"))));
  return encode(vocab, await readFile(file, "utf8"), { special: false });
}
