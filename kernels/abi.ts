// The contract of the kernels: flat functions over byte offsets of one linear memory.
// Two implementations: assembly/*.ts compiled to .wasm (fast) and reference.ts (plain TypeScript, the spec).
// Imports the list of weight formats alone. Must not know: layers, tokens' meaning, files, HTTP.
//
// Letters: T tokens (rows of activations), N rows of a matrix, K its columns, D hidden size, H heads, KV kv heads,
// Dh head size. All offsets are in bytes and 16-byte aligned unless said otherwise; f32 and i32 are little-endian.
//
// The law: a row's bits never depend on T, on the other rows, or on how positions are cut into calls. So the order of
// every float addition depends on K (or Dh, or the absolute position) alone, and no relaxed float operation is used:
// only the integer dot is relaxed, within the range where every engine is exact. The float operations are IEEE single
// precision, one rounding each, no fused multiply-add; reference.ts says their order and gives the same bits.

import { FORMATS, type WeightFormat } from "./formats.ts";

export { WEIGHT_FORMATS, type WeightFormat } from "./formats.ts";

/** A byte offset in linear memory. */
export type Offset = number;

/** Values along K that share one scale, in weights and in activations. */
export const BLOCK = 32;
/** Rows whose weights are interleaved in one vector. */
export const ROW_GROUP = 4;
/** Packed matrices have their rows padded with zeros to a multiple of this. */
export const ROW_PAD = 8;
/** Bytes of one token's block of activations: i32 start value, 32 int8, f32 scale. */
export const ACTIVATION_BLOCK_BYTES = 40;
/** Positions in a page of the KV cache. */
export const PAGE = 32;
/** Bytes at the start of memory that belong to the kernels (masks and tables). */
export const KERNEL_BYTES = 65_536;
/** Bytes of one entry of `adjust`: u32 id, f32 bias, f32 repetition, f32 subtract, f32 raw (written). */
export const ADJUST_BYTES = 20;

/** How the KV cache stores keys and values: bf16, or int8 with a scale for each position and head. */
export type KvFormat = "bf16" | "q8";

/** Bytes of 4 rows x 32 columns. */
export const BLOCK_BYTES = Object.fromEntries(
  Object.entries(FORMATS).map(([format, { blockBytes }]) => [format, blockBytes]),
) as Readonly<Record<WeightFormat, number>>;

/** Bytes of a packed (N, K) matrix. */
export function matrixBytes(format: WeightFormat, N: number, K: number): number {
  return ((Math.ceil(N / ROW_PAD) * ROW_PAD) / ROW_GROUP) * (K / BLOCK) * BLOCK_BYTES[format];
}

/** Bytes that `quantize` writes for (T, K). */
export function activationBytes(T: number, K: number): number {
  return T * (K / BLOCK) * ACTIVATION_BLOCK_BYTES;
}

/** Bytes of scratch that `matmul_*` needs: one panel of 8 unpacked rows and the accumulators of a tile. */
export function matmulScratchBytes(K: number): number {
  // q8's panel holds two planes of bytes; scales as f32: 8 per block; 1 KiB for accumulators.
  return 2 * ROW_PAD * K + (K / BLOCK) * ROW_PAD * 4 + 1024;
}

/** Functions with scalar arguments and results: the only exp and log that reach a logit, a probability or a draw. */
export interface ScalarMath {
  /** e^x, double precision, the same bits on every engine. */
  exp(x: number): number;
  /** Natural logarithm, double precision, the same bits on every engine. */
  log(x: number): number;
}

/** What there is of each weight format, for matrices W in it. */
export interface FormatKernels {
  /**
   * out (T, N) f32 = x8 (T, K) · Wᵀ + bias (N), W packed, N a multiple of 8 (padded rows included); bias 0: none.
   * Per block along K, in order: f += f32(exact integer dot) * (weight scale * activation scale); f starts at 0;
   * bias is added last. `scratch` holds matmulScratchBytes(K).
   */
  matmul(out: Offset, x8: Offset, w: Offset, bias: Offset, T: number, N: number, K: number, scratch: Offset): void;
  /** out (T, K) f32 = the rows `rows` (T u32, relative to w, 4-byte aligned) of W (·, K) packed, dequantized. */
  embed(out: Offset, w: Offset, rows: Offset, T: number, K: number): void;
}

/** matmul_q4, embed_q4 and so on: the kernels of every format, by name. */
export type NamedFormatKernels = {
  readonly [Name in keyof FormatKernels as `${Name}_${WeightFormat}`]: FormatKernels[Name];
};

export interface Kernels extends NamedFormatKernels {
  // ── matrices ───────────────────────────────────────────────────────────────────────────────────────────────────
  /**
   * out = int8 blocks of x (T, K) f32. Per block of 32: scale = max|x| / 127 (f32); x8 = round half to even of
   * x * (127 / max|x|), saturated to -127..127; start = -8 * sum(x8). All-zero blocks have scale 0; 127 / max is capped
   * at the largest f32. A block with NaN or an infinity becomes zeros with scale NaN, so whatever reads it is NaN.
   * Tokens come in tiles of the variant's `tile()`, the last one shorter; a tile of n tokens is, per block:
   * [n i32 starts][8 steps along K][n][4 int8] [n f32 scales], so a tile of one token is 40 bytes a block.
   */
  quantize(out: Offset, x: Offset, T: number, K: number): void;
  /** Tokens in one tile of quantized activations, the variant's own: 6 with the i32 dot, 4 with the others. */
  tile(): number;

  // ── vectors ────────────────────────────────────────────────────────────────────────────────────────────────────
  /** out (T, D) = x / sqrt(mean(x²) + eps) * weight (D). Sum of squares: four lanes, k mod 4, then (0+2)+(1+3). */
  rms_norm(out: Offset, x: Offset, weight: Offset, T: number, D: number, eps: number): void;
  /** x (n) += y (n). n a multiple of 4. */
  add(x: Offset, y: Offset, n: number): void;
  /** x (T, n) -= row (n), in every row. n a multiple of 4. */
  subtract_row(x: Offset, row: Offset, T: number, n: number): void;
  /** out (n) = silu(gate (n)) * up (n), with this library's exp. n a multiple of 4. */
  swiglu(out: Offset, gate: Offset, up: Offset, n: number): void;

  // ── attention ──────────────────────────────────────────────────────────────────────────────────────────────────
  /** out (Dh/2 + 1) f32 = theta^(-2j/Dh), in double, rounded once; then what cosines and sines are multiplied with: 1. */
  rope_frequencies(out: Offset, Dh: number, theta: number): void;
  /**
   * The same by YaRN, in double, rounded once. With dim(r) = Dh ln(original / (2 pi r)) / (2 ln theta), low = floor of
   * dim(beta_fast), at least 0, and high = ceil of dim(beta_slow), at most Dh - 1, plus 0.001 if they are equal:
   * ramp = (j - low) / (high - low) within 0..1; out[j] = f (1 - ramp) + f / factor * ramp, f the plain frequency.
   * Cosines and sines are multiplied with attention_factor; 0 stands for 0.1 ln(factor) + 1.
   */
  rope_frequencies_yarn(
    out: Offset,
    Dh: number,
    theta: number,
    factor: number,
    original: number,
    beta_fast: number,
    beta_slow: number,
    attention_factor: number,
  ): void;
  /**
   * out (T, Dh) f32: Dh/2 cosines then Dh/2 sines of f32(position * frequency j), rounded to f32, times the number behind
   * the frequencies. positions: T u32, 4-byte aligned.
   */
  rope_angles(out: Offset, frequencies: Offset, positions: Offset, T: number, Dh: number): void;
  /** angles (T, Dh) *= max(1, 0.1 ln((position + 1) / original) + 1), in double, rounded once. positions: T u32. */
  rope_scale(angles: Offset, positions: Offset, T: number, Dh: number, original: number): void;
  /** out (T, heads, Dh) = x rotated: dimension j pairs with j + Dh/2 ("NEOX"). out may be x. */
  rope(out: Offset, x: Offset, angles: Offset, T: number, heads: number, Dh: number): void;
  /**
   * Stores k and v (T, KV, Dh) f32 of consecutive positions, rounded to bf16 (nearest even), in pages.
   * Position p lies in page number pages[p / 32] (u32, 4-byte aligned) at kv + number * stride, slot p % 32.
   * A page of one layer is for every KV head its keys and its values, 32 * Dh bf16 each (pageBytes); the order inside
   * a head is the kernels' own (reference.ts has the same).
   */
  kv_store_bf16(
    kv: Offset,
    stride: number,
    pages: Offset,
    position: number,
    k: Offset,
    v: Offset,
    T: number,
    KV: number,
    Dh: number,
  ): void;
  /**
   * The same in 8 bits: each head of a position becomes int8 as in `quantize`, but all its Dh numbers share one scale.
   * A head's page is 32 * Dh int8 and 32 scales f32.
   */
  kv_store_q8(
    kv: Offset,
    stride: number,
    pages: Offset,
    position: number,
    k: Offset,
    v: Offset,
    T: number,
    KV: number,
    Dh: number,
  ): void;
  /**
   * out (T, H, Dh) = causal attention of q (T, H, Dh) at positions position..position+T-1 over the stored pages,
   * grouped: head h reads kv head floor(h / (H/KV)). Scores are scaled by 1/sqrt(Dh). Pages are folded one after the
   * other by absolute position (running maximum and sum), so the bits do not depend on how a prompt was cut.
   * `chunk` > 0, a multiple of 32, cuts all positions into chunks. q then has three versions, (3, T, H, Dh) but `apart`
   * bytes from one to the next: the first meets keys of the row's own chunk, the second those of the chunk before, the
   * third those of older ones. 0: one version for all keys.
   * `scratch` holds attentionScratchBytes(H, KV, Dh).
   */
  attention_bf16(
    out: Offset,
    q: Offset,
    kv: Offset,
    stride: number,
    pages: Offset,
    position: number,
    T: number,
    H: number,
    KV: number,
    Dh: number,
    chunk: number,
    apart: number,
    scratch: Offset,
  ): void;
  /** The same over pages of 8 bits, in integers: q becomes int16 by row and head, finished weights times values' scales by page. */
  attention_q8(
    out: Offset,
    q: Offset,
    kv: Offset,
    stride: number,
    pages: Offset,
    position: number,
    T: number,
    H: number,
    KV: number,
    Dh: number,
    chunk: number,
    apart: number,
    scratch: Offset,
  ): void;

  // ── candidates ─────────────────────────────────────────────────────────────────────────────────────────────────
  /**
   * For each of `count` entries (ADJUST_BYTES each, 4-byte aligned) with first <= id < first + n:
   * raw = logits[id - first] is written to the entry; then x = raw + bias; x = x > 0 ? x / repetition : x * repetition;
   * logits[id - first] = x - subtract. Ids in the entries are unique.
   */
  adjust(logits: Offset, n: number, first: number, entries: Offset, count: number): void;
  /**
   * out: for each tile of `tile` logits two f32: m = max, s = sum of exp((x - m) * scale). A last tile may be shorter.
   * A tile of nothing but -infinity has m = -infinity and s = 0. n may be any number.
   */
  tile_sums(out: Offset, logits: Offset, n: number, tile: number, scale: number): void;
  /**
   * The k largest of n logits, largest first, equal ones by lower id: out is k pairs of u32 id (first + index) and f32
   * logit. -infinity and NaN are never chosen. Returns how many were written, at most k (k <= 2,048).
   */
  top_k(out: Offset, logits: Offset, n: number, first: number, k: number): number;
}

/** Bytes of one page of one layer. */
export function pageBytes(format: KvFormat, KV: number, Dh: number): number {
  const positionBytes = format === "q8" ? Dh + 4 : Dh * 2; // one head's key or value
  return 2 * KV * PAGE * positionBytes;
}

/** Bytes of scratch that `attention` needs. */
export function attentionScratchBytes(H: number, KV: number, Dh: number): number {
  // Per query head of a group: 32 scores, the states of 16 rows, 32 int8, and 3 versions of 16 rows' queries in int16, each with a scale.
  return (H / KV) * (PAGE * 4 + 16 * 16 + PAGE + 3 * 16 * (Dh * 2 + 4));
}
