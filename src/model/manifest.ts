// manifest.json: what a packed model folder holds. Types, and the reading that trusts nothing.
// Takes the parsed JSON; gives a Manifest whose every number is bounded. Must not know: where files lie, memory.
// docs/format.md describes the bytes.

import { WEIGHT_FORMATS, type WeightFormat } from "../../kernels/formats.ts";
import { ModelFileError } from "../errors.ts";
import { isTileSize, type StagePlan, TILE_ROWS, TILE_UNIT } from "./plan.ts";
import { parseConfig, type Qwen2Config } from "./qwen2.ts";

export const FORMAT = 1;
/** A chunk file holds exactly this many bytes; the last of a stage may hold less. A static asset holds 25 MiB. */
export const CHUNK_BYTES = 24 * 1024 * 1024;
/** Weights are hashed by pieces of this size, so that a stream is checked while it arrives. */
export const HASH_BYTES = 1024 * 1024;
/** Tensors start at multiples of this, relative to the stage's first byte. */
export const TENSOR_ALIGN = 64;

/** How a tensor's values are stored: matrices in one of the kernels' formats, vectors as f32. */
export type TensorFormat = WeightFormat | "f32";
const TENSOR_FORMATS: readonly TensorFormat[] = [...WEIGHT_FORMATS, "f32"];

export interface TensorEntry {
  readonly format: TensorFormat;
  /** [rows, columns] or [length]; rows without padding. A table's rows are those of this stage. */
  readonly shape: readonly number[];
  /** Bytes from the stage's first byte. */
  readonly offset: number;
}

export interface StageManifest extends StagePlan {
  /** All bytes of the stage: the sum of its chunks. */
  readonly bytes: number;
  /** File names in the folder, in order. */
  readonly chunks: readonly string[];
  /** SHA-256 (hex) of every HASH_BYTES of the stage. */
  readonly sha256: readonly string[];
  readonly tensors: Readonly<Record<string, TensorEntry>>;
}

/** Sampling defaults of the model; undefined: the file says nothing. Names as in generation_config.json. */
export interface GenerationConfig {
  readonly eos_token_id: readonly number[];
  readonly do_sample?: boolean;
  readonly temperature?: number;
  readonly top_k?: number;
  readonly top_p?: number;
  readonly min_p?: number;
  readonly repetition_penalty?: number;
}

export interface Manifest {
  readonly format: typeof FORMAT;
  /** The name under which the model is served. */
  readonly name: string;
  readonly source: { readonly file: string; readonly sha256: string };
  readonly config: Qwen2Config;
  readonly generation: GenerationConfig;
  /** Jinja, as the model file has it; null: the family's own (ChatML). */
  readonly chat_template: string | null;
  readonly tokenizer: {
    readonly file: string;
    readonly bytes: number;
    readonly sha256: string;
    /** Real tokens: ids from here to vocab_size are padding and never chosen. */
    readonly tokens: number;
  };
  readonly quant: WeightFormat;
  /** Rows of the table in one tile of the log-sum-exp. */
  readonly tile_rows: number;
  readonly stages: readonly StageManifest[];
}

const HEX64 = /^[0-9a-f]{64}$/;
const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/**
 * Checks a parsed manifest.json.
 * @throws {ModelFileError} naming the field; another format version says to pack again
 */
export function parseManifest(json: unknown, file = "manifest.json"): Manifest {
  const fail = (message: string): never => {
    throw new ModelFileError(file, message);
  };
  const object = (value: unknown, where: string): Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : fail(`${where} is not an object`);
  const array = (value: unknown, where: string, limit: number): unknown[] =>
    Array.isArray(value) && value.length <= limit ? value : fail(`${where} is not a list of at most ${limit}`);
  const count = (value: unknown, where: string, limit: number): number =>
    typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= limit
      ? value
      : fail(`${where} is not an integer from 0 to ${limit}`);
  const hash = (value: unknown, where: string): string =>
    typeof value === "string" && HEX64.test(value) ? value : fail(`${where} is not a SHA-256 in hex`);
  const fileName = (value: unknown, where: string): string =>
    typeof value === "string" && FILE_NAME.test(value) ? value : fail(`${where} is not a plain file name`);

  const root = object(json, "the manifest");
  if (root.format !== FORMAT) {
    fail(`format ${JSON.stringify(root.format ?? null)}; this version reads format ${FORMAT}: pack the model again`);
  }
  const quant = WEIGHT_FORMATS.find((format) => format === root.quant);
  if (!quant) return fail(`quant is ${JSON.stringify(root.quant)}; expected ${WEIGHT_FORMATS.join(" or ")}`);
  const config = parseConfig(root.config, `${file} config`);
  const tokenizer = object(root.tokenizer, "tokenizer");
  const source = object(root.source, "source");
  const range = (value: unknown, where: string, limit: number): [number, number] => {
    const pair = array(value, where, 2);
    const first = count(pair[0], `${where}[0]`, limit);
    const end = count(pair[1], `${where}[1]`, limit);
    return first <= end ? [first, end] : fail(`${where} is reversed`);
  };

  const stages = array(root.stages, "stages", 1_024).map((value, i): StageManifest => {
    const where = `stages[${i}]`;
    const stage = object(value, where);
    const bytes = count(stage.bytes, `${where}.bytes`, 2 ** 32);
    const chunks = array(stage.chunks, `${where}.chunks`, 4_096).map((c) => fileName(c, `${where}.chunks`));
    if (chunks.length !== Math.ceil(bytes / CHUNK_BYTES)) fail(`${where}.chunks does not match its bytes`);
    const sha256 = array(stage.sha256, `${where}.sha256`, 65_536).map((h) => hash(h, `${where}.sha256`));
    if (sha256.length !== Math.ceil(bytes / HASH_BYTES)) fail(`${where}.sha256 does not match its bytes`);
    const tensors: Record<string, TensorEntry> = {};
    for (const [name, entry] of Object.entries(object(stage.tensors, `${where}.tensors`))) {
      const tensor = object(entry, name);
      const format = TENSOR_FORMATS.find((known) => known === tensor.format) ?? fail(`${name}: unknown format`);
      const shape = array(tensor.shape, `${name}.shape`, 2).map((n) => count(n, `${name}.shape`, 2 ** 24));
      const offset = count(tensor.offset, `${name}.offset`, bytes);
      if (offset % TENSOR_ALIGN !== 0) fail(`${name}.offset is not a multiple of ${TENSOR_ALIGN}`);
      tensors[name] = { format, shape, offset };
    }
    return {
      layers: range(stage.layers, `${where}.layers`, config.num_hidden_layers),
      rows: range(stage.rows, `${where}.rows`, config.vocab_size),
      bytes,
      chunks,
      sha256,
      tensors,
    };
  });
  const joins = (pick: (s: StageManifest) => readonly [number, number], end: number, what: string) => {
    let at = 0;
    for (const stage of stages) {
      const [first, last] = pick(stage);
      if (first !== at) fail(`the stages' ${what} leave a gap at ${at}`);
      at = last;
    }
    if (at !== end) fail(`the stages hold ${at} ${what} of ${end}`);
  };
  const tile_rows = count(root.tile_rows, "tile_rows", TILE_ROWS);
  if (!isTileSize(tile_rows))
    fail(`tile_rows is ${tile_rows}; expected a multiple of ${TILE_UNIT} from ${TILE_UNIT} on`);
  if (stages.length === 0) fail("stages is empty");
  for (const { rows } of stages) {
    const [, end] = rows;
    if (end % tile_rows !== 0 && end !== config.vocab_size) fail(`row ${end}, where a stage ends, splits a tile`);
  }
  joins((s) => s.layers, config.num_hidden_layers, "layers");
  joins((s) => s.rows, config.vocab_size, "rows of the table");

  return {
    format: FORMAT,
    name: typeof root.name === "string" && root.name !== "" ? root.name : fail("name is missing"),
    source: {
      file: typeof source.file === "string" ? source.file : fail("source.file is missing"),
      sha256: hash(source.sha256, "source.sha256"),
    },
    config,
    generation: parseGeneration(root.generation, file),
    chat_template: typeof root.chat_template === "string" ? root.chat_template : null,
    tokenizer: {
      file: fileName(tokenizer.file, "tokenizer.file"),
      bytes: count(tokenizer.bytes, "tokenizer.bytes", 64 * 1024 * 1024),
      sha256: hash(tokenizer.sha256, "tokenizer.sha256"),
      tokens: count(tokenizer.tokens, "tokenizer.tokens", config.vocab_size),
    },
    quant,
    tile_rows,
    stages,
  };
}

/**
 * Checks generation_config.json's fields that the sampler knows; others are ignored.
 * @throws {ModelFileError} naming a field out of range
 */
export function parseGeneration(json: unknown, file = "generation_config.json"): GenerationConfig {
  const source = (typeof json === "object" && json !== null ? json : {}) as Record<string, unknown>;
  const number = (field: string, min: number, max: number): number | undefined => {
    const value = source[field];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "number" || !(value >= min && value <= max)) {
      throw new ModelFileError(file, `${field} is ${JSON.stringify(value)}; expected a number from ${min} to ${max}`);
    }
    return value;
  };
  const eos = [source.eos_token_id ?? []].flat();
  if (eos.length > 64 || eos.some((id) => typeof id !== "number" || !Number.isInteger(id) || id < 0 || id >= 2 ** 20)) {
    throw new ModelFileError(file, "eos_token_id is not a list of token ids");
  }
  const optional = {
    temperature: number("temperature", 0, 100),
    top_k: number("top_k", 0, 2 ** 20),
    top_p: number("top_p", 0, 1),
    min_p: number("min_p", 0, 1),
    repetition_penalty: number("repetition_penalty", 0.01, 100),
    do_sample: typeof source.do_sample === "boolean" ? source.do_sample : undefined,
  };
  const given = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
  return { eos_token_id: eos as number[], ...given };
}
