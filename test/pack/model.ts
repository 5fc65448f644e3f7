// Small models for the packer's tests: seeded weights as a GGUF file or a Hugging Face folder, and the reading of packed
// bytes as docs/format.md describes them, written apart from the packer.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { FORMATS, type WeightFormat } from "../../kernels/formats.ts";
import { openGguf } from "../../scripts/pack/gguf.ts";
import { openGgufSource } from "../../scripts/pack/gguf-source.ts";
import { type GgufInput, writeGguf } from "../../scripts/pack/gguf-write.ts";
import type { Manifest, StageManifest } from "../../src/model/manifest.ts";
import { EMBED, HEAD, modelTensors, NORM, type Qwen2Config } from "../../src/model/qwen2.ts";

export const TINY = new URL("../fixtures/tiny/tiny.gguf", import.meta.url).pathname;

/** A folder that goes away with the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "qwen-edge-pack-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Uniform numbers in [-1, 1), seeded. */
export function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state / 2 ** 31;
  };
}

export const CONFIG: Qwen2Config = {
  model_type: "qwen2",
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 32,
  vocab_size: 1284,
  rms_norm_eps: 1e-6,
  rope_theta: 1e6,
  max_position_embeddings: 32_768,
  tie_word_embeddings: true,
  attention_bias: true,
};

/** Weights by Hugging Face name. */
export function makeWeights(config: Qwen2Config, seed = 1): Map<string, Float32Array<ArrayBuffer>> {
  const random = makeRandom(seed);
  return new Map(
    [...modelTensors(config)].map(([name, shape]) => {
      const length = shape.reduce((n, m) => n * m, 1);
      return [name, Float32Array.from({ length }, () => 0.1 * random())];
    }),
  );
}

const GGUF_LAYER: Readonly<Record<string, string>> = {
  input_layernorm: "attn_norm",
  "self_attn.q_proj": "attn_q",
  "self_attn.k_proj": "attn_k",
  "self_attn.v_proj": "attn_v",
  "self_attn.o_proj": "attn_output",
  post_attention_layernorm: "ffn_norm",
  "mlp.gate_proj": "ffn_gate",
  "mlp.up_proj": "ffn_up",
  "mlp.down_proj": "ffn_down",
};

function ggufName(name: string): string {
  if (name === EMBED) return "token_embd.weight";
  if (name === HEAD) return "output.weight";
  if (name === NORM) return "output_norm.weight";
  const [, layer, part, kind] = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name)!;
  return `blk.${layer}.${GGUF_LAYER[part!]}.${kind}`;
}

/** A tensor as its file shall store it; default F32. */
export type Stored = (name: string, values: Float32Array<ArrayBuffer>) => { type: string; bytes: Uint8Array };
export const asF32: Stored = (_name, values) => ({ type: "F32", bytes: new Uint8Array(values.buffer) });

/** The bytes of a GGUF file with the tiny model's vocabulary. */
export function ggufBytes(
  config: Qwen2Config,
  weights: ReadonlyMap<string, Float32Array<ArrayBuffer>>,
  { stored = asF32, metadata = {} }: { stored?: Stored; metadata?: Record<string, GgufInput> } = {},
): Uint8Array<ArrayBuffer> {
  const tiny = openGguf(TINY);
  const kept = [...tiny.metadata].filter(([key]) => key.startsWith("tokenizer.ggml.")) as [string, GgufInput][];
  tiny.file.close();
  const shapes = modelTensors({ ...config, tie_word_embeddings: !weights.has(HEAD) });
  const tensors = [...weights].map(([name, values]) => ({
    name: ggufName(name),
    shape: shapes.get(name)!,
    ...stored(name, values),
  }));
  return writeGguf(
    {
      "general.architecture": "qwen2",
      "qwen2.block_count": config.num_hidden_layers,
      "qwen2.context_length": config.max_position_embeddings,
      "qwen2.embedding_length": config.hidden_size,
      "qwen2.feed_forward_length": config.intermediate_size,
      "qwen2.attention.head_count": config.num_attention_heads,
      "qwen2.attention.head_count_kv": config.num_key_value_heads,
      "qwen2.attention.layer_norm_rms_epsilon": { f32: config.rms_norm_eps },
      "qwen2.rope.freq_base": { f32: config.rope_theta },
      ...Object.fromEntries(kept),
      ...metadata,
    },
    tensors,
  );
}

/** The bytes of a safetensors file. */
export function safetensorsBytes(
  tensors: readonly { name: string; dtype: string; shape: readonly number[]; bytes: Uint8Array }[],
) {
  const header: Record<string, unknown> = { __metadata__: { format: "pt" } };
  let at = 0;
  for (const { name, dtype, shape, bytes } of tensors) {
    header[name] = { dtype, shape, data_offsets: [at, at + bytes.length] };
    at += bytes.length;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + at);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  at = 8 + json.length;
  for (const { bytes } of tensors) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

/** Writes a Hugging Face folder: weights in `parts` files, the tiny model's vocabulary. Returns its path. */
export function writeHubFolder(
  folder: string,
  config: Qwen2Config,
  weights: ReadonlyMap<string, Float32Array<ArrayBuffer>>,
  parts = 1,
): string {
  mkdirSync(folder, { recursive: true });
  const shapes = modelTensors(config);
  const json = (name: string, value: unknown) => writeFileSync(join(folder, name), JSON.stringify(value));
  const { attention_bias: _, ...published } = config;
  json("config.json", {
    ...published,
    architectures: ["Qwen2ForCausalLM"],
    hidden_act: "silu",
    use_sliding_window: false,
  });
  json("generation_config.json", { eos_token_id: [1258, 1256], temperature: 0.7, top_k: 20, do_sample: true });
  json("tokenizer_config.json", { chat_template: "{{ messages }}" });
  const source = openGgufSource(TINY);
  const { tokens, merges, added } = source.tokenizer();
  source.close();
  json("tokenizer.json", {
    normalizer: { type: "NFC" },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        {
          type: "Split",
          pattern: {
            Regex:
              "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
          },
        },
      ],
    },
    added_tokens: added,
    model: { type: "BPE", vocab: Object.fromEntries(tokens.slice(0, 1256).map((token, id) => [token, id])), merges },
  });
  const all = [...weights].map(([name, values]) => ({
    name,
    dtype: "F32",
    shape: shapes.get(name)!,
    bytes: new Uint8Array(values.buffer),
  }));
  if (parts === 1) {
    writeFileSync(join(folder, "model.safetensors"), safetensorsBytes(all));
    return folder;
  }
  const nameOf = (i: number) => `model-0000${(i % parts) + 1}-of-0000${parts}.safetensors`;
  for (let p = 0; p < parts; p++) {
    const own = all.filter((_tensor, i) => i % parts === p);
    writeFileSync(join(folder, nameOf(p)), safetensorsBytes(own));
  }
  json("model.safetensors.index.json", { weight_map: Object.fromEntries(all.map(({ name }, i) => [name, nameOf(i)])) });
  return folder;
}

/** A stage's bytes: its chunks, end to end. */
export function stageBytes(folder: string, stage: StageManifest): Uint8Array {
  return new Uint8Array(Buffer.concat(stage.chunks.map((name) => readFileSync(join(folder, name)))));
}

/** The integers and scales of a packed matrix, rows padded: docs/format.md read literally, one weight at a time. */
export function readPacked(bytes: Uint8Array, format: WeightFormat, [N, K]: readonly [number, number]) {
  const { planes } = FORMATS[format];
  const blockBytes = 64 * planes + 8;
  const rows = Math.ceil(N / 8) * 8;
  const integers = new Int8Array(rows * K);
  const scales = new Float32Array((rows * K) / 32);
  const words = new Uint32Array(scales.buffer);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < K; column++) {
      const block = (Math.floor(row / 4) * (K / 32) + Math.floor(column / 32)) * blockBytes;
      const c = column % 32;
      const byte = block + 16 * Math.floor(c / 8) + 4 * (row % 4) + (c % 4);
      const nibble = (plane: number) => (c % 8 < 4 ? bytes[byte + plane]! & 15 : bytes[byte + plane]! >> 4);
      integers[row * K + column] = planes === 1 ? nibble(0) - 8 : 16 * (nibble(0) - 8) + nibble(64);
      const scale = block + blockBytes - 8 + 2 * (row % 4);
      words[(row * K + column) >> 5] = (bytes[scale]! << 16) | (bytes[scale + 1]! << 24);
    }
  }
  return { integers, scales };
}

/** A tensor of a packed folder as f32, without the padded rows. */
export function readTensor(folder: string, manifest: Manifest, name: string, stage = 0): Float32Array {
  const { format, shape, offset } = manifest.stages[stage]!.tensors[name]!;
  const bytes = stageBytes(folder, manifest.stages[stage]!).subarray(offset);
  if (format === "f32") return new Float32Array(bytes.slice(0, 4 * shape[0]!).buffer);
  const [N, K] = shape as [number, number];
  const { integers, scales } = readPacked(bytes, format, [N, K]);
  return Float32Array.from({ length: N * K }, (_, i) => integers[i]! * scales[i >> 5]!);
}
