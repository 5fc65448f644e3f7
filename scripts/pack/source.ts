// What a published model is to the packer, whichever file format it came in.
// Owns: the Source contract, reading rows from stored bytes, the check that every tensor is there in its right shape.
// Must not know: GGUF, safetensors, packed formats.

import { ModelFileError } from "../../src/errors.ts";
import type { GenerationConfig } from "../../src/model/manifest.ts";
import { modelTensors, type Qwen2Config } from "../../src/model/qwen2.ts";
import type { StorageType } from "./dequantize.ts";
import type { TokenizerSource } from "./tokenizer.ts";

/** A tensor as its file stores it. */
export interface StoredTensor {
  readonly type: StorageType;
  /** [rows, columns] or [length], as PyTorch says it. */
  readonly shape: readonly number[];
  /** The stored bytes of rows first..first+count-1; a vector is one row. */
  bytes(first: number, count: number): Uint8Array;
}

export interface Source {
  /** File or folder name without its path. */
  readonly file: string;
  /** "GGUF v3", "Hugging Face folder": for people. */
  readonly kind: string;
  /** What the model may be called: lowercase, dashed, without the quantization's suffix. */
  readonly name: string;
  /** Bytes that sha256() reads. */
  readonly bytes: number;
  readonly config: Qwen2Config;
  readonly generation: GenerationConfig;
  readonly chat_template: string | null;
  /** By Hugging Face name. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** @throws {ModelFileError} when it has none, or another kind */
  tokenizer(): TokenizerSource;
  /** Of the file; of a folder: of the lines "SHA-256  name" of its files, sorted by name. */
  sha256(onBytes?: (bytes: number) => void): Promise<string>;
  close(): void;
}

/** Columns of a matrix, or the length of a vector. */
export const columns = (tensor: StoredTensor): number => tensor.shape.at(-1)!;

/** Rows first..first+count-1 of a tensor as f32 (count, K). */
export function readRows(tensor: StoredTensor, first: number, count: number): Float32Array {
  const out = new Float32Array(count * columns(tensor));
  tensor.type.dequantize(tensor.bytes(first, count), out);
  return out;
}

/**
 * The tensor of that name.
 * @throws {ModelFileError} when it is missing
 */
export function tensorOf(source: Source, name: string): StoredTensor {
  const tensor = source.tensors.get(name);
  if (tensor === undefined) throw new ModelFileError(source.file, `has no tensor ${name}, which its config asks for`);
  return tensor;
}

/**
 * Every tensor that the config asks for is there, in its shape.
 * @throws {ModelFileError} naming the first that is not
 */
export function checkTensors(source: Source): void {
  for (const [name, expected] of modelTensors(source.config)) {
    const { shape } = tensorOf(source, name);
    if (shape.length !== expected.length || shape.some((n, i) => n !== expected[i])) {
      throw new ModelFileError(
        source.file,
        `${name} has the shape ${shape.join(" x ")}; the config asks for ${expected.join(" x ")}`,
      );
    }
  }
}

/** What a storage suffix looks like at the end of a name: -q4_k_m, .Q8_0, -fp16, -gguf. */
const SUFFIX = /[-._ ](i?q\d(_[0-9a-z]+)*|bf16|fp?16|fp?32|gguf|safetensors)$/i;

/** "Qwen2.5-Coder-0.5B-Instruct-Q4_K_M" -> "qwen2.5-coder-0.5b-instruct". */
export function modelName(name: string): string {
  let short = name;
  while (SUFFIX.test(short)) short = short.replace(SUFFIX, "");
  const dashed = short
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, "-")
    .replace(/^[-.]+|[-.]+$/g, "");
  return dashed.slice(0, 100) || "model";
}
