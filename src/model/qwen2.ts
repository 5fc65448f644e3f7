// What a Qwen2 or Qwen2.5 model is: its configuration, the names and shapes of its tensors. No arithmetic on weights.
// Takes a config.json-like object; gives a checked Qwen2Config. Must not know: memory, files, formats, HTTP.
// Field and tensor names are Hugging Face's.

import { ModelFileError } from "../errors.ts";
import { type DualChunkConfig, parseLongContext, type YarnScaling } from "./long-context.ts";

/** The shape of a dense Qwen2 model. Sizes in elements. */
export interface Qwen2Config {
  readonly model_type: "qwen2";
  /** D */
  readonly hidden_size: number;
  /** F */
  readonly intermediate_size: number;
  /** L */
  readonly num_hidden_layers: number;
  /** H */
  readonly num_attention_heads: number;
  /** KV */
  readonly num_key_value_heads: number;
  /** Dh */
  readonly head_dim: number;
  /** V: rows of the table, padding rows included. */
  readonly vocab_size: number;
  readonly rms_norm_eps: number;
  readonly rope_theta: number;
  /** Absent: plain RoPE. */
  readonly rope_scaling?: YarnScaling;
  /** Absent: plain attention. */
  readonly dual_chunk_attention_config?: DualChunkConfig;
  readonly max_position_embeddings: number;
  readonly tie_word_embeddings: boolean;
  /** Bias on q, k and v; true in every published model. */
  readonly attention_bias: boolean;
}

/** How many positions a model can tell apart: YaRN adds to those it was trained on. */
export function maxPositions({ max_position_embeddings, rope_scaling: yarn }: Qwen2Config): number {
  if (yarn === undefined) return max_position_embeddings;
  return Math.max(max_position_embeddings, Math.floor(yarn.factor * yarn.original_max_position_embeddings));
}

/** name -> [rows, columns] or [length]. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

export const EMBED = "model.embed_tokens.weight";
export const HEAD = "lm_head.weight";
export const NORM = "model.norm.weight";

/** The tensors of one layer, in the order in which they are used, with their shapes. */
export function layerTensors(config: Qwen2Config, layer: number): Shapes {
  const { hidden_size: D, intermediate_size: F, head_dim: Dh } = config;
  const q = config.num_attention_heads * Dh;
  const kv = config.num_key_value_heads * Dh;
  const name = (suffix: string) => `model.layers.${layer}.${suffix}`;
  const bias: [string, number[]][] = config.attention_bias
    ? [
        [name("self_attn.q_proj.bias"), [q]],
        [name("self_attn.k_proj.bias"), [kv]],
        [name("self_attn.v_proj.bias"), [kv]],
      ]
    : [];
  return new Map<string, number[]>([
    [name("input_layernorm.weight"), [D]],
    [name("self_attn.q_proj.weight"), [q, D]],
    [name("self_attn.k_proj.weight"), [kv, D]],
    [name("self_attn.v_proj.weight"), [kv, D]],
    ...bias,
    [name("self_attn.o_proj.weight"), [D, q]],
    [name("post_attention_layernorm.weight"), [D]],
    [name("mlp.gate_proj.weight"), [F, D]],
    [name("mlp.up_proj.weight"), [F, D]],
    [name("mlp.down_proj.weight"), [D, F]],
  ]);
}

/** All tensors of a model: table, layers, final norm and, when it is a tensor of its own, the head. */
export function modelTensors(config: Qwen2Config): Shapes {
  const table = [config.vocab_size, config.hidden_size];
  const shapes = new Map<string, readonly number[]>([[EMBED, table]]);
  for (let l = 0; l < config.num_hidden_layers; l++) {
    for (const [name, shape] of layerTensors(config, l)) shapes.set(name, shape);
  }
  shapes.set(NORM, [config.hidden_size]);
  if (!config.tie_word_embeddings) shapes.set(HEAD, table);
  return shapes;
}

const LIMITS: Readonly<Record<string, number>> = {
  hidden_size: 16_384,
  intermediate_size: 65_536,
  num_hidden_layers: 256,
  num_attention_heads: 256,
  num_key_value_heads: 256,
  head_dim: 256,
  vocab_size: 1_048_576,
  max_position_embeddings: 16_777_216,
};

/**
 * A config.json object as a Qwen2Config: every number bounded, sizes that must divide do.
 * @throws {ModelFileError} naming the field that is missing, out of range or not supported
 */
export function parseConfig(json: unknown, file = "config.json"): Qwen2Config {
  if (typeof json !== "object" || json === null) throw new ModelFileError(file, "expected a JSON object");
  const source = json as Record<string, unknown>;
  const fail = (message: string): never => {
    throw new ModelFileError(file, message);
  };
  if (source.model_type !== "qwen2") {
    fail(
      `unknown architecture ${JSON.stringify(source.model_type ?? null)}; dense Qwen2 and Qwen2.5 ("qwen2") run here`,
    );
  }
  const integer = (field: string, fallback?: number): number => {
    const value = source[field] ?? fallback;
    const limit = LIMITS[field]!;
    if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > limit) {
      return fail(`${field} is ${JSON.stringify(value ?? null)}; expected an integer from 1 to ${limit}`);
    }
    return value;
  };
  const positive = (field: string, fallback: number, limit: number): number => {
    const value = source[field] ?? fallback;
    if (typeof value !== "number" || !(value > 0) || value > limit) {
      return fail(`${field} is ${JSON.stringify(value)}; expected a number above 0, at most ${limit}`);
    }
    return value;
  };
  const hidden_size = integer("hidden_size");
  const num_attention_heads = integer("num_attention_heads");
  const num_key_value_heads = integer("num_key_value_heads", num_attention_heads);
  const max_position_embeddings = integer("max_position_embeddings", 32_768);
  const rope_theta = positive("rope_theta", 10_000, 1e12);
  const config: Qwen2Config = {
    model_type: "qwen2",
    hidden_size,
    intermediate_size: integer("intermediate_size"),
    num_hidden_layers: integer("num_hidden_layers"),
    num_attention_heads,
    num_key_value_heads,
    head_dim: integer("head_dim", hidden_size / num_attention_heads),
    vocab_size: integer("vocab_size"),
    rms_norm_eps: positive("rms_norm_eps", 1e-6, 1),
    rope_theta,
    max_position_embeddings,
    tie_word_embeddings: source.tie_word_embeddings === true,
    attention_bias: source.attention_bias !== false,
    ...parseLongContext(source, { max_position_embeddings, rope_theta, file }),
  };
  if (num_attention_heads % num_key_value_heads !== 0) {
    fail(`num_attention_heads ${num_attention_heads} is not a multiple of num_key_value_heads ${num_key_value_heads}`);
  }
  for (const field of ["hidden_size", "intermediate_size", "head_dim"] as const) {
    if (config[field] % 32 !== 0) fail(`${field} is ${config[field]}; expected a multiple of 32`);
  }
  if (source.use_sliding_window === true) fail("use_sliding_window is true; only full attention runs here");
  return config;
}
