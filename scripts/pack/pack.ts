// From a published model to a packed folder (docs/format.md): this file is the way, each step one call.
// Takes a GGUF file or a Hugging Face folder; gives manifest.json, tokenizer.bin and chunk files, all or nothing: they are
// written beside the target and renamed at the end. Same input and options, same bytes.
// Must not know: how weights are stored or packed, the command line.

import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { WeightFormat } from "../../kernels/abi.ts";
import { ModelFileError } from "../../src/errors.ts";
import { FORMAT, type Manifest, parseManifest, type StageManifest } from "../../src/model/manifest.ts";
import { type StagePlan, TILE_ROWS } from "../../src/model/plan.ts";
import { EMBED, modelTensors } from "../../src/model/qwen2.ts";
import { placeTensors, planModel } from "./layout.ts";
import { openSource } from "./open-source.ts";
import { packTensor } from "./pack-tensor.ts";
import { checkTensors, modelName, type Source, tensorOf } from "./source.ts";
import { StageWriter } from "./stage-writer.ts";
import { findTie } from "./tie.ts";
import { packTokenizer } from "./tokenizer.ts";

const TOKENIZER = "tokenizer.bin";

export interface PackOptions {
  /** The folder to make. */
  readonly out: string;
  /** Default: q8 below 1B parameters, where 4 bits cost too much quality; q4 from there on. */
  readonly quant?: WeightFormat | undefined;
  /** Default 1. */
  readonly stages?: number | undefined;
  /** The name under which the model is served; default: from the file's name. */
  readonly name?: string | undefined;
  /** Rows of the table in one tile; default 2,048. Tests use less. */
  readonly tileRows?: number | undefined;
  /** Replaces a packed folder that is there already. */
  readonly force?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Bytes read and written so far, of so many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** One line worth knowing, such as a table that was there twice. */
  readonly onNote?: ((line: string) => void) | undefined;
}

/**
 * Packs a model.
 * @throws {ModelFileError} when the input is not a whole Qwen2 model; {RangeError} for options out of range;
 * whatever `signal` was aborted with. No file is left behind then
 */
export async function pack(input: string, options: PackOptions): Promise<{ folder: string; manifest: Manifest }> {
  const folder = resolve(options.out);
  checkTarget(folder, options.force === true);
  const source = openSource(input);
  let unfinished: string | null = null;
  try {
    checkTensors(source);
    await mkdir(dirname(folder), { recursive: true });
    unfinished = `${folder}.packing-${process.pid}-${Date.now().toString(36)}`;
    await mkdir(unfinished);
    const manifest = await writeModel(tieTable(source, options.onNote), unfinished, options);
    options.signal?.throwIfAborted();
    await replaceFolder(folder, unfinished);
    unfinished = null;
    return { folder, manifest };
  } catch (error) {
    if (/^(ENOSPC|EDQUOT)$/.test((error as NodeJS.ErrnoException).code ?? "")) {
      throw new ModelFileError(folder, "the disk is full; nothing was kept", { cause: error });
    }
    throw error;
  } finally {
    source.close();
    if (unfinished) await rm(unfinished, { recursive: true, force: true });
  }
}

/** A folder is replaced only on request, and only if it is one of ours. */
function checkTarget(folder: string, force: boolean): void {
  if (!existsSync(folder)) return;
  if (!force) throw new ModelFileError(folder, "exists already; --force packs again in its place");
  if (readdirSync(folder).length > 0 && !existsSync(join(folder, "manifest.json"))) {
    throw new ModelFileError(folder, "is not a packed model, so it is not replaced; choose another --out");
  }
}

/** Puts the finished folder in place; an old one is there until then. */
async function replaceFolder(folder: string, finished: string): Promise<void> {
  const old = `${finished}-old`;
  if (existsSync(folder)) await rename(folder, old);
  await rename(finished, folder);
  await rm(old, { recursive: true, force: true });
}

/** The source with its table told: kept once when the head is the same table. */
function tieTable(source: Source, onNote?: (line: string) => void): Source {
  const { table, note } = findTie(source);
  if (note) onNote?.(note);
  if (table === null || source.config.tie_word_embeddings) return source;
  return {
    ...source,
    config: { ...source.config, tie_word_embeddings: true },
    tensors: new Map([...source.tensors, [EMBED, table]]),
  };
}

async function writeModel(source: Source, folder: string, options: PackOptions): Promise<Manifest> {
  const { config } = source;
  const quant = options.quant ?? (parameters(source) < 1e9 ? "q8" : "q4");
  const tileRows = options.tileRows ?? TILE_ROWS;
  const plans = planModel(config, options.stages ?? 1, { quant, tileRows });

  const placed = plans.map((plan) => placeTensors(config, plan, quant));
  const total = source.bytes + placed.flat().reduce((sum, tensor) => sum + tensor.bytes, 0);
  let done = 0;
  const advance = (bytes: number): void => {
    options.signal?.throwIfAborted();
    done += bytes;
    options.onProgress?.(done, total);
  };
  const sha256 = await source.sha256(advance);
  const vocabulary = source.tokenizer();
  const tokenizer = packTokenizer(vocabulary, source.file);
  checkTokens(source, vocabulary.tokens.length);
  await writeFile(join(folder, TOKENIZER), tokenizer);

  const stages: StageManifest[] = [];
  for (const [index, plan] of plans.entries()) {
    stages.push(await writeStage(source, { folder, index, plan, quant, advance }));
  }
  const manifest: Manifest = {
    format: FORMAT,
    name: options.name ?? modelName(source.name),
    source: { file: source.file, sha256 },
    config,
    generation: source.generation,
    chat_template: source.chat_template,
    tokenizer: {
      file: TOKENIZER,
      bytes: tokenizer.length,
      sha256: createHash("sha256").update(tokenizer).digest("hex"),
      tokens: vocabulary.tokens.length,
    },
    quant,
    tile_rows: tileRows,
    stages,
  };
  const json = `${JSON.stringify(manifest, null, 1)}\n`;
  await writeFile(join(folder, "manifest.json"), json);
  return parseManifest(JSON.parse(json)); // what is written can be read
}

/** The table has a row for every token, and what ends an answer is a token. */
function checkTokens({ file, config, generation }: Source, tokens: number): void {
  if (tokens > config.vocab_size) {
    throw new ModelFileError(file, `has ${tokens} tokens, but the table has ${config.vocab_size} rows`);
  }
  const unknown = generation.eos_token_id.find((id) => id >= tokens);
  if (unknown !== undefined) throw new ModelFileError(file, `eos_token_id ${unknown} is none of its ${tokens} tokens`);
}

function parameters({ config }: Source): number {
  return [...modelTensors(config).values()].reduce((sum, shape) => sum + shape.reduce((n, m) => n * m, 1), 0);
}

interface StageJob {
  readonly folder: string;
  readonly index: number;
  readonly plan: StagePlan;
  readonly quant: WeightFormat;
  readonly advance: (bytes: number) => void;
}

async function writeStage(source: Source, { folder, index, plan, quant, advance }: StageJob): Promise<StageManifest> {
  const writer = new StageWriter(folder, index);
  try {
    const placed = placeTensors(source.config, plan, quant);
    for (const tensor of placed) {
      await writer.padTo(tensor.offset);
      for (const bytes of packTensor(source.file, tensorOf(source, tensor.name), tensor)) {
        await writer.write(bytes);
        advance(bytes.length);
      }
    }
    const { bytes, chunks, sha256 } = await writer.finish();
    const entries = placed.map(({ name, format, shape, offset }) => [name, { format, shape, offset }] as const);
    return { ...plan, bytes, chunks, sha256, tensors: Object.fromEntries(entries) };
  } finally {
    await writer.close();
  }
}
