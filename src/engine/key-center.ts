// Key centers: what all keys of a head share is taken away before they are stored in 8 bits.
// Attention does not see it: a constant added to all keys adds one number to all scores of a query, and softmax takes it
// out again. The 8 bits do: in Qwen2.5 the biases of some dimensions are a hundred times larger than what differs from
// position to position, and one scale for a head would spend its steps on them.
// A bias turns with the position. Its slow dimensions hardly do, and those are where Qwen2.5 has the large ones; only they
// are taken. With Dual Chunk Attention a query has three versions, each with a number of its own: nothing is taken there.
// Takes biases in memory; gives vectors in memory. Must not know: pages, frames.

import type { KvFormat, Offset } from "../../kernels/abi.ts";
import type { Qwen2Config } from "../model/qwen2.ts";
import type { Arena } from "./arena.ts";

/** A dimension is slow if it turns by at most one radian in so many positions. */
const HORIZON = 4_096;

/** Room for the centers of `layers` layers, (layers, KV, Dh) f32; 0: this model or format has none. */
export function reserveKeyCenters(arena: Arena, config: Qwen2Config, layers: number, format: KvFormat): Offset {
  if (format !== "q8" || !config.attention_bias || config.dual_chunk_attention_config !== undefined) return 0;
  return arena.reserve("scratch", layers * keyCenterBytes(config));
}

/** Bytes of one layer's. */
export function keyCenterBytes({ num_key_value_heads: KV, head_dim: Dh }: Qwen2Config): number {
  return KV * Dh * 4;
}

/** Writes one layer's center: its bias (KV, Dh) in slow dimensions, as a rotation by nothing leaves it. */
export function writeKeyCenter(
  memory: WebAssembly.Memory,
  config: Qwen2Config,
  options: { center: Offset; bias: Offset; frequencies: Offset },
): void {
  const { num_key_value_heads: KV, head_dim: Dh } = config;
  const half = Dh / 2;
  const bias = new Float32Array(memory.buffer, options.bias, KV * Dh);
  const frequencies = new Float32Array(memory.buffer, options.frequencies, half + 1);
  const factor = frequencies[half]!; // what cosines and sines are multiplied with
  const isSlow = (d: number) => frequencies[d % half]! * HORIZON <= 1;
  const center = new Float32Array(memory.buffer, options.center, KV * Dh);
  for (const [i, b] of bias.entries()) center[i] = isSlow(i % Dh) ? b * factor : 0;
}
