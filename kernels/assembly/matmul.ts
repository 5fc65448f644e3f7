// out (T, N) = x8 (T, K) · Wᵀ + bias: which rows of weights meet which tokens, in which order.
// Takes quantize's tiles and packed matrices (docs/format.md). The unrolled inner loops are printed by
// ../generate/tiles.ts. Must not know: what a matrix means.
//
// Few tokens unpack nibbles on the way, many once for all into a panel. An inner call does a whole K for one row group of
// each stream, or one tile of a panel: V8 swaps a function's first, slow code for the optimized one only between calls.

import { ACTIVATION_BLOCK_BYTES, BLOCK, PLANE_BYTES, Q4_BLOCK_BYTES, Q8_BLOCK_BYTES, ROW_GROUP, TILE, VECTOR } from "./layout";
import * as tiles from "../../build/generated/tiles";

/** Bytes of scratch for the sums of a tile; the panel follows them. */
const SUMS_BYTES = 1024;
/** So many tokens are few. A tile of 6, which the i32 dot wants, leaves no registers for unpacking. */
const FEW = DOT == 32 ? 4 : 24;

export function matmul_q4(
  out: usize, x8: usize, w: usize, bias: usize, T: i32, N: i32, K: i32, scratch: usize,
): void {
  if (T <= FEW) few<Q4>(out, x8, w, bias, T, N, K, scratch);
  else many<Q4>(out, x8, w, bias, T, N, K, scratch);
}

export function matmul_q8(
  out: usize, x8: usize, w: usize, bias: usize, T: i32, N: i32, K: i32, scratch: usize,
): void {
  if (T <= FEW) few<Q8>(out, x8, w, bias, T, N, K, scratch);
  else many<Q8>(out, x8, w, bias, T, N, K, scratch);
}

/** The formats, as types: each function below is compiled once for each. */
abstract class Q4 {}
abstract class Q8 {}

/**
 * Weights straight from the packed rows. One token reads four streams, a quarter of the row groups apart, because one
 * stream does not reach the memory's bandwidth; where the groups do not divide evenly, each stream goes on into the first
 * groups of the next, which are then computed twice.
 */
function few<Format>(out: usize, x8: usize, w: usize, bias: usize, T: i32, N: i32, K: i32, sums: usize): void {
  const blocks = K / BLOCK;
  const groups = N / ROW_GROUP;
  const groupBytes = blocks * blockBytes<Format>();
  const streams = T == 1 ? 4 : isQ4<Format>() ? 2 : 1;
  const apart = groups / streams;
  const count = groups - (streams - 1) * apart;
  for (let g = 0; g < count; g++) {
    for (let t = 0; t < T; t += TILE) {
      const tokens = min(TILE, T - t);
      multiplyPacked<Format>(streams, tokens, sums, x8 + tileOffset(t, blocks), w, apart * groupBytes, blocks);
      const at = out + (t * N + g * ROW_GROUP) * 4;
      write(at, N * 4, bias ? bias + g * VECTOR : 0, apart * VECTOR, sums, tokens, streams);
    }
    w += groupBytes;
  }
}

/** Unpacks two planes (8 rows of q4, 4 rows of q8) and sweeps over them, tile after tile of tokens. */
function many<Format>(out: usize, x8: usize, w: usize, bias: usize, T: i32, N: i32, K: i32, sums: usize): void {
  const blocks = K / BLOCK;
  const panel = sums + SUMS_BYTES;
  const groups = isQ4<Format>() ? 2 : 1;
  const groupBytes = blocks * blockBytes<Format>();
  for (let n = 0; n < N; n += groups * ROW_GROUP) {
    // Both planes through the same instructions: prefetchers follow those, and two in one region are 2-3 times slower.
    for (let p = 0; p < 2; p++) {
      const plane = w + p * (isQ4<Format>() ? groupBytes : PLANE_BYTES);
      tiles.unpack(panel + p * VECTOR, plane, blockBytes<Format>(), blocks);
    }
    w += groups * groupBytes;
    for (let t = 0; t < T; t += TILE) {
      const tokens = min(TILE, T - t);
      multiplyPanel<Format>(tokens, sums, x8 + tileOffset(t, blocks), panel, blocks);
      write(out + (t * N + n) * 4, N * 4, bias ? bias + n * 4 : 0, VECTOR, sums, tokens, groups);
    }
  }
}

@inline
function isQ4<Format>(): bool {
  return idof<Format>() == idof<Q4>();
}

@inline
function blockBytes<Format>(): i32 {
  return isQ4<Format>() ? Q4_BLOCK_BYTES : Q8_BLOCK_BYTES;
}

/** Where the tile that begins with token t lies. */
@inline
function tileOffset(t: i32, blocks: i32): i32 {
  return t * blocks * ACTIVATION_BLOCK_BYTES;
}

@inline
function multiplyPacked<Format>(
  streams: i32, tokens: i32, sums: usize, x: usize, w: usize, apart: i32, blocks: i32,
): void {
  if (isQ4<Format>()) {
    if (streams == 4) tiles.packed_q4_4x1(sums, x, w, apart, blocks);
    else if (tokens == 4) tiles.packed_q4_2x4(sums, x, w, apart, blocks);
    else if (tokens == 3) tiles.packed_q4_2x3(sums, x, w, apart, blocks);
    else if (tokens == 2) tiles.packed_q4_2x2(sums, x, w, apart, blocks);
    else tiles.packed_q4_2x1(sums, x, w, apart, blocks);
  } else {
    if (streams == 4) tiles.packed_q8_4x1(sums, x, w, apart, blocks);
    else if (tokens == 4) tiles.packed_q8_1x4(sums, x, w, blocks);
    else if (tokens == 3) tiles.packed_q8_1x3(sums, x, w, blocks);
    else if (tokens == 2) tiles.packed_q8_1x2(sums, x, w, blocks);
    else tiles.packed_q8_1x1(sums, x, w, blocks);
  }
}

@inline
function multiplyPanel<Format>(tokens: i32, sums: usize, x: usize, panel: usize, blocks: i32): void {
  if (isQ4<Format>()) {
    if (TILE == 6 && tokens == 6) tiles.panel_q4_2x6(sums, x, panel, blocks);
    else if (TILE == 6 && tokens == 5) tiles.panel_q4_2x5(sums, x, panel, blocks);
    else if (tokens == 4) tiles.panel_q4_2x4(sums, x, panel, blocks);
    else if (tokens == 3) tiles.panel_q4_2x3(sums, x, panel, blocks);
    else if (tokens == 2) tiles.panel_q4_2x2(sums, x, panel, blocks);
    else tiles.panel_q4_2x1(sums, x, panel, blocks);
  } else {
    if (TILE == 6 && tokens == 6) tiles.panel_q8_1x6(sums, x, panel, blocks);
    else if (TILE == 6 && tokens == 5) tiles.panel_q8_1x5(sums, x, panel, blocks);
    else if (tokens == 4) tiles.panel_q8_1x4(sums, x, panel, blocks);
    else if (tokens == 3) tiles.panel_q8_1x3(sums, x, panel, blocks);
    else if (tokens == 2) tiles.panel_q8_1x2(sums, x, panel, blocks);
    else tiles.panel_q8_1x1(sums, x, panel, blocks);
  }
}

/** out = sums (tokens, groups) of f32x4 + bias; `tokenBytes` and `groupBytes` lie between neighbours in out. */
function write(
  out: usize, tokenBytes: i32, bias: usize, groupBytes: i32, sums: usize, tokens: i32, groups: i32,
): void {
  for (let t = 0; t < tokens; t++) {
    for (let g = 0; g < groups; g++) {
      let values = v128.load(sums);
      if (bias) values = f32x4.add(values, v128.load(bias + g * groupBytes));
      v128.store(out + g * groupBytes, values);
      sums += VECTOR;
    }
    out += tokenBytes;
  }
}
