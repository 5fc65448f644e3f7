// Rotation: the angles by which a frame's keys and queries are turned, as the config says: plain RoPE, YaRN, Dual Chunk
// Attention. Takes the rows' positions; gives offsets of angles. Must not know: what is turned, layers, frames.
//
// Dual Chunk Attention never shows the model a distance that it was not trained on. Positions are cut into chunks of
// s = chunk_size - local_size. A key at j is turned by j mod s; a query at i in three versions, each for other keys:
//
//   keys of its own chunk        i mod s
//   keys of the chunk before     min(i mod s + s, chunk_size)
//   keys of older chunks         min(2 s - 1, chunk_size)
//
// Rows within the first s positions have the first version only, which is plain attention.

import type { Kernels, Offset } from "../../kernels/abi.ts";
import { chunkLength } from "../model/long-context.ts";
import type { Qwen2Config } from "../model/qwen2.ts";
import type { Scratch } from "./scratch.ts";

export interface Rotation {
  /** (T, Dh) */
  readonly keys: Offset;
  /** (T, Dh) each: for keys of a row's own chunk, of the chunk before, of older ones; or one, where there is one chunk. */
  readonly queries: readonly Offset[];
  /** Positions in a chunk; 0: all are one. */
  readonly chunk: number;
}

/** How many versions of q a layer needs room for. */
export function queryVersions(config: Qwen2Config): number {
  return config.dual_chunk_attention_config === undefined ? 1 : 3;
}

/** How many sets of angles: with chunks the keys have one of their own. */
export function angleSets(config: Qwen2Config): number {
  return config.dual_chunk_attention_config === undefined ? 1 : 4;
}

/** Writes the frequencies, once a stage. */
export function writeFrequencies(kernels: Kernels, config: Qwen2Config, out: Offset): void {
  const { head_dim: Dh, rope_theta: theta, rope_scaling: yarn } = config;
  if (yarn === undefined) {
    kernels.rope_frequencies(out, Dh, theta);
    return;
  }
  const { factor, original_max_position_embeddings: original, beta_fast, beta_slow, attention_factor = 0 } = yarn;
  kernels.rope_frequencies_yarn(out, Dh, theta, factor, original, beta_fast, beta_slow, attention_factor);
}

/** The angles of rows at `positions` (T), written to scratch. */
export function rotate(
  kernels: Kernels,
  config: Qwen2Config,
  options: { memory: WebAssembly.Memory; scratch: Scratch; positions: Uint32Array },
): Rotation {
  const { memory, scratch, positions } = options;
  const { head_dim: Dh, dual_chunk_attention_config: dual } = config;
  const T = positions.length;
  const angles = (set: number) => scratch.angles + set * T * Dh * 4; //              (T, Dh)
  const places = (set: number) => scratch.positions + set * T * 4;
  const write = (set: number, position: (i: number) => number) =>
    new Uint32Array(memory.buffer, places(set), T).set(positions.map(position));

  if (dual === undefined) {
    write(0, (i) => i);
    kernels.rope_angles(angles(0), scratch.frequencies, places(0), T, Dh);
    return { keys: angles(0), queries: [angles(0)], chunk: 0 };
  }
  const chunk = chunkLength(dual);
  const versions = positions.some((i) => i >= chunk) ? 3 : 1;
  write(0, (i) => i % chunk);
  write(1, (i) => i % chunk);
  write(2, (i) => Math.min((i % chunk) + chunk, dual.chunk_size));
  write(3, () => Math.min(2 * chunk - 1, dual.chunk_size));
  kernels.rope_angles(angles(0), scratch.frequencies, places(0), T * (1 + versions), Dh);
  const queries = [1, 2, 3].slice(0, versions).map(angles);
  const original = dual.original_max_position_embeddings;
  if (original !== undefined) {
    write(0, (i) => i);
    for (const set of queries) kernels.rope_scale(set, places(0), T, Dh, original);
  }
  return { keys: angles(0), queries, chunk };
}
