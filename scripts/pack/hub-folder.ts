// A folder as it lies on the Hugging Face hub, as a Source: config.json, tokenizer.json, generation_config.json, the chat
// template, and safetensors in one or several files. Takes a path; gives config, sampling defaults, template, tokenizer and
// tensors. Must not know: packed formats.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { ModelFileError } from "../../src/errors.ts";
import { type GenerationConfig, parseGeneration } from "../../src/model/manifest.ts";
import { parseConfig, type Qwen2Config } from "../../src/model/qwen2.ts";
import { hashFile, openRangeFile, type RangeFile } from "./file.ts";
import { readSafetensors } from "./safetensors.ts";
import { modelName, type Source, type StoredTensor } from "./source.ts";
import { tokenizerFromJson } from "./tokenizer.ts";

/** config.json and its like have a few KB, tokenizer.json 7 MB, an index 100 KB. */
const MAX_TEXT_BYTES = 64 * 1024 * 1024;
const MAX_PARTS = 1_024;

/** The files of a folder, each opened once; all that was read goes into the hash. */
class Folder {
  readonly path: string;
  readonly files = new Map<string, RangeFile>();

  constructor(path: string) {
    this.path = path;
  }

  open(name: string): RangeFile {
    const file = this.files.get(name) ?? openRangeFile(join(this.path, name));
    this.files.set(name, file);
    return file;
  }

  /** The text of a file, null when there is none. */
  text(name: string): string | null {
    if (!existsSync(join(this.path, name))) return null;
    const file = this.open(name);
    if (file.size > MAX_TEXT_BYTES)
      throw new ModelFileError(name, `has ${file.size} bytes; expected at most ${MAX_TEXT_BYTES}`);
    return new TextDecoder().decode(file.read(0, file.size));
  }

  /** The object in a JSON file, null when there is no file. */
  json(name: string): Readonly<Record<string, unknown>> | null {
    const text = this.text(name);
    if (text === null) return null;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw new ModelFileError(name, "is not JSON", { cause });
    }
    if (typeof value !== "object" || value === null) throw new ModelFileError(name, "is not a JSON object");
    return value as Record<string, unknown>;
  }

  close(): void {
    for (const file of this.files.values()) file.close();
  }
}

/**
 * Opens a Hugging Face folder of a Qwen2 model.
 * @throws {ModelFileError} when a file is missing, damaged, or describes something else
 */
export function openHubFolder(path: string): Source {
  const folder = new Folder(path);
  try {
    const json = folder.json("config.json");
    if (json === null)
      throw new ModelFileError(path, "has no config.json; expected a Hugging Face folder or a GGUF file");
    const tensors = openTensors(folder);
    const config = configOf(json, tensors);
    const tokenizer = folder.json("tokenizer.json");
    if (tokenizer === null) throw new ModelFileError(path, "has no tokenizer.json");
    const generation = generationOf(folder, json, tokenizer);
    const chat_template = templateOf(folder);
    const files = [...folder.files].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      file: basename(resolve(path)),
      kind: "Hugging Face folder",
      name: modelName(basename(resolve(path))),
      bytes: files.reduce((sum, [, file]) => sum + file.size, 0),
      config,
      generation,
      chat_template,
      tensors,
      tokenizer: () => tokenizerFromJson(tokenizer),
      async sha256(onBytes) {
        const all = createHash("sha256");
        for (const [name, file] of files) all.update(`${await hashFile(file, onBytes)}  ${name}\n`);
        return all.digest("hex");
      },
      close: () => folder.close(),
    };
  } catch (error) {
    folder.close();
    throw error;
  }
}

const INDEX = "model.safetensors.index.json";

function openTensors(folder: Folder): ReadonlyMap<string, StoredTensor> {
  const index = folder.json(INDEX);
  if (index === null) {
    if (!existsSync(join(folder.path, "model.safetensors"))) {
      throw new ModelFileError(folder.path, `has neither model.safetensors nor ${INDEX}`);
    }
    return readSafetensors(folder.open("model.safetensors"));
  }
  const map = Object.entries((index.weight_map ?? {}) as Record<string, unknown>);
  const parts = new Map<string, ReadonlyMap<string, StoredTensor>>();
  const tensors = new Map<string, StoredTensor>();
  for (const [name, part] of map) {
    // A name with a path in it could lead out of the folder.
    if (typeof part !== "string" || !/^[\w-][\w.-]*\.safetensors$/.test(part)) {
      throw new ModelFileError(
        INDEX,
        `${JSON.stringify(name)} lies in ${JSON.stringify(part)}; expected a plain file name`,
      );
    }
    if (parts.size >= MAX_PARTS) throw new ModelFileError(INDEX, `names more than ${MAX_PARTS} files`);
    const inPart = parts.get(part) ?? readSafetensors(folder.open(part));
    parts.set(part, inPart);
    const tensor = inPart.get(name);
    if (tensor === undefined)
      throw new ModelFileError(part, `has no tensor ${JSON.stringify(name)}, which the index promises`);
    tensors.set(name, tensor);
  }
  return tensors;
}

function configOf(json: Readonly<Record<string, unknown>>, tensors: ReadonlyMap<string, StoredTensor>): Qwen2Config {
  if (json.quantization_config !== undefined) {
    throw new ModelFileError("config.json", "describes a quantized model; pack the original one, or a GGUF");
  }
  // transformers 5 writes the angles' base and kind inside of rope_parameters.
  const rope = (json.rope_parameters ?? {}) as Readonly<Record<string, unknown>>;
  const isPlain = (rope.rope_type ?? "default") === "default";
  return parseConfig({
    ...json,
    rope_theta: json.rope_theta ?? rope.rope_theta,
    rope_scaling: json.rope_scaling ?? (isPlain ? null : rope),
    // config.json of Qwen2 does not say whether there are biases: the tensors do.
    attention_bias: tensors.has("model.layers.0.self_attn.q_proj.bias"),
  });
}

/** generation_config.json has the last word; without one, what ends an answer is in config.json and the vocabulary. */
function generationOf(
  folder: Folder,
  config: Readonly<Record<string, unknown>>,
  tokenizer: Readonly<Record<string, unknown>>,
): GenerationConfig {
  const generation = folder.json("generation_config.json");
  if (generation !== null && (generation.eos_token_id ?? null) !== null) return parseGeneration(generation);
  const added = Array.isArray(tokenizer.added_tokens) ? (tokenizer.added_tokens as Record<string, unknown>[]) : [];
  const named = ["<|im_end|>", "<|endoftext|>"].map((text) => added.find((token) => token?.content === text)?.id);
  const eos = [config.eos_token_id, ...named].flat().filter((id) => typeof id === "number");
  return parseGeneration({ ...generation, eos_token_id: [...new Set(eos)] });
}

/** chat_template.jinja, or the one of tokenizer_config.json: a text, or a list in which one is called "default". */
function templateOf(folder: Folder): string | null {
  const own = folder.text("chat_template.jinja");
  if (own !== null) return own;
  const template = folder.json("tokenizer_config.json")?.chat_template;
  if (typeof template === "string") return template;
  if (!Array.isArray(template)) return null;
  const named = template.find((each: Record<string, unknown> | null) => each?.name === "default");
  return typeof named?.template === "string" ? named.template : null;
}
