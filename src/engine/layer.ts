// One decoder layer of Qwen2, in place on x.
// Takes x (T, D), the angles of its rows and where each segment's keys and values lie; gives x (T, D).
// Must not know: tokens, other layers, stages, HTTP.
//
// T rows, D hidden size, H heads, KV kv heads, Dh head size, F feed-forward size.

import type { Kernels, KvFormat, Offset } from "../../kernels/abi.ts";
import { layerTensors, type Qwen2Config } from "../model/qwen2.ts";
import type { Rotation } from "./rotation.ts";
import type { Scratch } from "./scratch.ts";
import type { Matrix, Tensors } from "./weights.ts";

export interface LayerWeights {
  readonly input_layernorm: Offset;
  readonly q_proj: Matrix;
  readonly k_proj: Matrix;
  readonly v_proj: Matrix;
  readonly o_proj: Matrix;
  readonly post_attention_layernorm: Offset;
  readonly gate_proj: Matrix;
  readonly up_proj: Matrix;
  readonly down_proj: Matrix;
}

/** The rows of a frame as a layer sees them. */
export interface Batch {
  readonly T: number;
  readonly rotation: Rotation;
  readonly segments: readonly {
    /** First row of the segment in x. */
    readonly row: number;
    readonly length: number;
    /** Absolute position of that row. */
    readonly position: number;
    /** Offset of the segment's page numbers, u32. */
    readonly pages: Offset;
  }[];
}

/** Where one layer's keys and values lie: page 0, and the bytes from one page to the next. */
export interface LayerPages {
  /** (KV, Dh): what is taken from all keys before they are stored; 0: nothing. */
  readonly center: Offset;
  readonly format: KvFormat;
  readonly base: Offset;
  readonly stride: number;
}

/** Called after each named intermediate, for tests and dumps. Shape is [T, columns]. */
export type Probe = (name: string, offset: Offset, shape: readonly [number, number]) => void;

/** Finds a layer's tensors. */
export function layerWeights(tensors: Tensors, config: Qwen2Config, layer: number): LayerWeights {
  const shapes = layerTensors(config, layer);
  const name = (suffix: string) => `model.layers.${layer}.${suffix}.weight`;
  const matrix = (suffix: string) => {
    const hasBias = shapes.has(`model.layers.${layer}.${suffix}.bias`);
    return tensors.matrix(name(suffix), shapes.get(name(suffix)) ?? [], { hasBias });
  };
  const vector = (suffix: string) => tensors.vector(name(suffix), shapes.get(name(suffix)) ?? []);
  return {
    input_layernorm: vector("input_layernorm"),
    q_proj: matrix("self_attn.q_proj"),
    k_proj: matrix("self_attn.k_proj"),
    v_proj: matrix("self_attn.v_proj"),
    o_proj: matrix("self_attn.o_proj"),
    post_attention_layernorm: vector("post_attention_layernorm"),
    gate_proj: matrix("mlp.gate_proj"),
    up_proj: matrix("mlp.up_proj"),
    down_proj: matrix("mlp.down_proj"),
  };
}

/** Runs one layer over all rows of a batch. */
export function runLayer(
  kernels: Kernels,
  weights: LayerWeights,
  options: { config: Qwen2Config; batch: Batch; scratch: Scratch; pages: LayerPages; probe?: Probe | undefined },
): void {
  const { config, batch, scratch: s, pages, probe } = options;
  const { T, rotation } = batch;
  const { hidden_size: D, intermediate_size: F, head_dim: Dh, rms_norm_eps: eps } = config;
  const { num_attention_heads: H, num_key_value_heads: KV } = config;

  kernels.rms_norm(s.h, s.x, weights.input_layernorm, T, D, eps); //            h (T, D)
  kernels.quantize(s.h8, s.h, T, D); //                                         h8 (T, D)
  linear(kernels, s.q, s.h8, weights.q_proj, T, s.panel); //                    q (T, H·Dh)
  linear(kernels, s.k, s.h8, weights.k_proj, T, s.panel); //                    k (T, KV·Dh)
  linear(kernels, s.v, s.h8, weights.v_proj, T, s.panel); //                    v (T, KV·Dh)
  kernels.rope(s.k, s.k, rotation.keys, T, KV, Dh);
  if (pages.center !== 0) kernels.subtract_row(s.k, pages.center, T, KV * Dh);
  // The last version first: the first takes the place of q itself.
  for (let i = rotation.queries.length - 1; i >= 0; i--) {
    kernels.rope(s.q + i * s.qApart, s.q, rotation.queries[i]!, T, H, Dh); //   q (versions, T, H·Dh)
  }
  const { base, stride, format } = pages;
  for (const { row, length, position, pages: table } of batch.segments) {
    const q = s.q + row * H * Dh * 4;
    const k = s.k + row * KV * Dh * 4;
    const v = s.v + row * KV * Dh * 4;
    const out = s.h + row * H * Dh * 4;
    kernels[`kv_store_${format}`](base, stride, table, position, k, v, length, KV, Dh);
    const attention = kernels[`attention_${format}`];
    attention(out, q, base, stride, table, position, length, H, KV, Dh, rotation.chunk, s.qApart, s.attention);
  }
  probe?.("self_attn.heads", s.h, [T, H * Dh]);
  kernels.quantize(s.h8, s.h, T, H * Dh); //                                    h8 (T, H·Dh)
  linear(kernels, s.h, s.h8, weights.o_proj, T, s.panel); //                    h (T, D)
  probe?.("self_attn", s.h, [T, D]);
  kernels.add(s.x, s.h, T * D); //                                              x (T, D)

  kernels.rms_norm(s.h, s.x, weights.post_attention_layernorm, T, D, eps); //   h (T, D)
  kernels.quantize(s.h8, s.h, T, D); //                                         h8 (T, D)
  linear(kernels, s.gate, s.h8, weights.gate_proj, T, s.panel); //              gate (T, F)
  linear(kernels, s.up, s.h8, weights.up_proj, T, s.panel); //                  up (T, F)
  kernels.swiglu(s.gate, s.gate, s.up, T * F); //                               gate (T, F)
  kernels.quantize(s.h8, s.gate, T, F); //                                      h8 (T, F)
  linear(kernels, s.h, s.h8, weights.down_proj, T, s.panel); //                 h (T, D)
  probe?.("mlp", s.h, [T, D]);
  kernels.add(s.x, s.h, T * D); //                                              x (T, D)
  probe?.("layer", s.x, [T, D]);
}

/** out (T, N) = x8 (T, K) · Wᵀ + bias, by the matrix's own format. */
export function linear(kernels: Kernels, out: Offset, x8: Offset, w: Matrix, T: number, panel: Offset): void {
  kernels[`matmul_${w.format}`](out, x8, w.offset, w.bias, T, w.N, w.K, panel);
}
