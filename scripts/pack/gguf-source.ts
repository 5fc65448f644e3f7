// A GGUF file as a Source: llama.cpp's keys and tensor names put into Hugging Face's words.
// Takes a path; gives config, sampling defaults, template, tokenizer and tensors. Must not know: packed formats.

import { ModelFileError } from "../../src/errors.ts";
import { type GenerationConfig, parseGeneration } from "../../src/model/manifest.ts";
import { EMBED, HEAD, NORM, parseConfig, type Qwen2Config } from "../../src/model/qwen2.ts";
import { hashFile } from "./file.ts";
import { type Gguf, type GgufTensor, openGguf } from "./gguf.ts";
import { modelName, type Source, type StoredTensor } from "./source.ts";
import { tokenizerFromGguf } from "./tokenizer.ts";

const NAMES: ReadonlyMap<string, string> = new Map([
  ["token_embd.weight", EMBED],
  ["output.weight", HEAD],
  ["output_norm.weight", NORM],
]);
const LAYER_NAMES: ReadonlyMap<string, string> = new Map([
  ["attn_norm", "input_layernorm"],
  ["attn_q", "self_attn.q_proj"],
  ["attn_k", "self_attn.k_proj"],
  ["attn_v", "self_attn.v_proj"],
  ["attn_output", "self_attn.o_proj"],
  ["ffn_norm", "post_attention_layernorm"],
  ["ffn_gate", "mlp.gate_proj"],
  ["ffn_up", "mlp.up_proj"],
  ["ffn_down", "mlp.down_proj"],
]);

/** "blk.3.attn_q.bias" -> "model.layers.3.self_attn.q_proj.bias"; a name that no Qwen2 model has stays as it is. */
function hubName(name: string): string {
  const layer = /^blk\.(\d+)\.(\w+)\.(weight|bias)$/.exec(name);
  const part = layer && LAYER_NAMES.get(layer[2]!);
  return part ? `model.layers.${layer[1]}.${part}.${layer[3]}` : (NAMES.get(name) ?? name);
}

/**
 * Opens a GGUF file of a Qwen2 model.
 * @throws {ModelFileError} when it is not one, or not whole
 */
export function openGgufSource(path: string): Source {
  const gguf = openGguf(path);
  const { file, metadata } = gguf;
  try {
    if (Number(metadata.get("split.count") ?? 1) > 1) {
      throw new ModelFileError(
        file.name,
        "is one part of a split GGUF; join the parts with llama-gguf-split --merge first",
      );
    }
    const tensors = new Map([...gguf.tensors.values()].map((each) => [hubName(each.name), stored(gguf, each)]));
    const template = metadata.get("tokenizer.chat_template");
    return {
      file: file.name,
      kind: `GGUF v${gguf.version}`,
      name: nameOf(gguf),
      bytes: file.size,
      config: configOf(gguf, tensors),
      generation: generationOf(gguf),
      chat_template: typeof template === "string" ? template : null,
      tensors,
      tokenizer: () => tokenizerFromGguf(Object.fromEntries(metadata), file.name),
      sha256: (onBytes) => hashFile(file, onBytes),
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

function stored(gguf: Gguf, tensor: GgufTensor): StoredTensor {
  const rowBytes = (tensor.shape.at(-1)! / tensor.type.block) * tensor.type.bytes;
  return {
    type: tensor.type,
    shape: tensor.shape,
    bytes: (first, count) => gguf.file.read(tensor.offset + first * rowBytes, count * rowBytes),
  };
}

function configOf(gguf: Gguf, tensors: ReadonlyMap<string, StoredTensor>): Qwen2Config {
  const { file, metadata } = gguf;
  const architecture = metadata.get("general.architecture");
  const json = {
    model_type: architecture,
    hidden_size: metadata.get("qwen2.embedding_length"),
    intermediate_size: metadata.get("qwen2.feed_forward_length"),
    num_hidden_layers: metadata.get("qwen2.block_count"),
    num_attention_heads: metadata.get("qwen2.attention.head_count"),
    num_key_value_heads: metadata.get("qwen2.attention.head_count_kv"),
    head_dim: metadata.get("qwen2.attention.key_length"),
    vocab_size: tensors.get(EMBED)?.shape[0],
    // The file holds an f32: 9.999999974752427e-7 is the published 1e-6.
    rms_norm_eps: shortest(metadata.get("qwen2.attention.layer_norm_rms_epsilon")),
    rope_theta: metadata.get("qwen2.rope.freq_base"),
    rope_scaling: scalingOf(gguf),
    max_position_embeddings: metadata.get("qwen2.context_length"),
    tie_word_embeddings: !tensors.has(HEAD),
    attention_bias: tensors.has("model.layers.0.self_attn.q_proj.bias"),
  };
  const config = parseConfig(json, file.name);
  const valueLength = metadata.get("qwen2.attention.value_length") ?? config.head_dim;
  if (valueLength !== config.head_dim) {
    throw new ModelFileError(
      file.name,
      `has values of ${String(valueLength)} per head; expected ${config.head_dim}, as keys`,
    );
  }
  return config;
}

/** rope.scaling.* in config.json's words; null: plain RoPE. */
function scalingOf({ file, metadata }: Gguf): Readonly<Record<string, unknown>> | null {
  const value = (key: string) => metadata.get(`qwen2.rope.scaling.${key}`);
  const type = value("type") ?? "none";
  if (type === "none") return null;
  // A multiplier of llama.cpp's own, beside the one that the factor implies; 1 changes nothing.
  for (const key of ["attn_factor", "yarn_attn_factor"]) {
    if ((value(key) ?? 1) !== 1) {
      throw new ModelFileError(file.name, `has qwen2.rope.scaling.${key} ${String(value(key))}; only 1 runs here`);
    }
  }
  return {
    rope_type: type,
    factor: shortest(value("factor")),
    original_max_position_embeddings: value("original_context_length"),
    beta_fast: shortest(value("yarn_beta_fast")),
    beta_slow: shortest(value("yarn_beta_slow")),
  };
}

/** The shortest decimal that rounds to the same f32. */
function shortest(value: unknown): unknown {
  if (typeof value !== "number") return value;
  for (let digits = 1; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return value;
}

function generationOf({ file, metadata }: Gguf): GenerationConfig {
  const tokens = metadata.get("tokenizer.ggml.tokens");
  const named = Array.isArray(tokens) ? ["<|im_end|>", "<|endoftext|>"].map((token) => tokens.indexOf(token)) : [];
  const eos = [Number(metadata.get("tokenizer.ggml.eos_token_id") ?? -1), ...named].filter((id) => id >= 0);
  const json = {
    eos_token_id: [...new Set(eos)],
    temperature: shortest(metadata.get("general.sampling.temp")),
    top_k: metadata.get("general.sampling.top_k"),
    top_p: shortest(metadata.get("general.sampling.top_p")),
    min_p: shortest(metadata.get("general.sampling.min_p")),
    repetition_penalty: shortest(metadata.get("general.sampling.penalty_repeat")),
  };
  return parseGeneration(json, file.name);
}

/** File names are what people look for; a file that is only called "model" has a better name inside. */
function nameOf({ file, metadata }: Gguf): string {
  const fromFile = modelName(file.name.replace(/\.gguf$/i, ""));
  const general = metadata.get("general.name");
  const isVague = /^(ggml-)?model$/.test(fromFile);
  return isVague && typeof general === "string" ? modelName(general) : fromFile;
}
