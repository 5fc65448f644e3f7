// out (T, N) = x8 (T, K) · Wᵀ + bias: which tile of work meets which rows. One token streams the packed weights from
// four distant places; more tokens sweep over panels of 8 rows, each unpacked once.
// Takes: quantize's tiles and packed matrices (docs/format.md). The unrolled inner loops are printed by
// ../generate/tiles.ts. Must not know: what a matrix means.
//
// Each inner call does one row group of each stream, or one tile of a panel: V8 swaps its first, slow code for the
// optimized one only between calls.

import { ACTIVATION_BLOCK_BYTES, BLOCK, Q4_BLOCK_BYTES, Q8_BLOCK_BYTES, ROW_GROUP, TILE } from "./layout";
import * as tiles from "../../build/generated/tiles";

/** Bytes of scratch for the sums of a tile; the panel follows them. */
const SUMS_BYTES = 1024;
const VECTOR = 16;
const PLANE_BYTES: usize = 64;
/** Up to so many tokens weights are not unpacked to a panel first. */
const FEW = DOT == 32 ? 4 : 64;

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
 * Few tokens: weights straight from the packed rows, in streams that lie 1/streams of the row groups apart. Where that
 * does not come out even, each stream goes on into the next one's first groups, which are then computed twice.
 */
function few<Format>(out: usize, x8: usize, w: usize, bias: usize, T: i32, N: i32, K: i32, sums: usize): void {
  const blocks = K / BLOCK;
  const groups = N / ROW_GROUP;
  const groupBytes = <usize>blocks * blockBytes<Format>();
  const streams = T == 1 ? 4 : idof<Format>() == idof<Q4>() ? 2 : 1;
  const apart = groups / streams;
  const count = groups - (streams - 1) * apart;
  for (let g = 0; g < count; g++) {
    for (let t = 0; t < T; t += TILE) {
      const tokens = min(TILE, T - t);
      const x = x8 + <usize>t * blocks * ACTIVATION_BLOCK_BYTES;
      packed<Format>(streams, tokens, sums, x, w, <usize>apart * groupBytes, blocks);
      const at = out + (<usize>t * N + g * ROW_GROUP) * 4;
      write(at, <usize>N * 4, bias ? bias + g * VECTOR : 0, apart * VECTOR, sums, tokens, streams);
    }
    w += groupBytes;
  }
}

/** Any T: unpacks two planes (8 rows of q4, 4 of q8), then sweeps over them tile after tile. */
function many<Format>(out: usize, x8: usize, w: usize, bias: usize, T: i32, N: i32, K: i32, sums: usize): void {
  const blocks = K / BLOCK;
  const panel = sums + SUMS_BYTES;
  const groups = idof<Format>() == idof<Q4>() ? 2 : 1;
  const groupBytes = <usize>blocks * blockBytes<Format>();
  const planeApart = idof<Format>() == idof<Q4>() ? groupBytes : PLANE_BYTES;
  for (let n = 0; n < N; n += groups * ROW_GROUP) {
    for (let p = 0; p < 2; p++) tiles.unpack(panel + p * VECTOR, w + p * planeApart, blockBytes<Format>(), blocks);
    w += groups * groupBytes;
    for (let t = 0; t < T; t += TILE) {
      const tokens = min(TILE, T - t);
      sweep<Format>(tokens, sums, x8 + <usize>t * blocks * ACTIVATION_BLOCK_BYTES, panel, blocks);
      const at = out + (<usize>t * N + n) * 4;
      write(at, <usize>N * 4, bias ? bias + n * 4 : 0, VECTOR, sums, tokens, groups);
    }
  }
}

@inline
function blockBytes<Format>(): usize {
  return idof<Format>() == idof<Q4>() ? Q4_BLOCK_BYTES : Q8_BLOCK_BYTES;
}

/** Packed rows times a tile of 1 to 4 tokens. */
@inline
function packed<Format>(streams: i32, tokens: i32, sums: usize, x: usize, w: usize, apart: usize, blocks: i32): void {
  if (idof<Format>() == idof<Q4>()) {
    if (tokens == 4) tiles.packed_q4_2x4(sums, x, w, apart, blocks);
    else if (tokens == 3) tiles.packed_q4_2x3(sums, x, w, apart, blocks);
    else if (tokens == 2) tiles.packed_q4_2x2(sums, x, w, apart, blocks);
    else if (streams == 2) tiles.packed_q4_2x1(sums, x, w, apart, blocks);
    else tiles.packed_q4_4x1(sums, x, w, apart, blocks);
  } else {
    if (tokens == 4) tiles.packed_q8_1x4(sums, x, w, blocks);
    else if (tokens == 3) tiles.packed_q8_1x3(sums, x, w, blocks);
    else if (tokens == 2) tiles.packed_q8_1x2(sums, x, w, blocks);
    else if (streams == 1) tiles.packed_q8_1x1(sums, x, w, blocks);
    else tiles.packed_q8_4x1(sums, x, w, apart, blocks);
  }
}

/** The panel times a tile of 1 to TILE tokens. */
@inline
function sweep<Format>(tokens: i32, sums: usize, x: usize, panel: usize, blocks: i32): void {
  if (idof<Format>() == idof<Q4>()) {
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

/** out = sums (tokens, groups) of f32x4 + bias; distances in bytes. */
function write(
  out: usize, tokenStride: usize, bias: usize, groupStride: usize, sums: usize, tokens: i32, groups: i32,
): void {
  for (let t = 0; t < tokens; t++) {
    for (let g = 0; g < groups; g++) {
      let values = v128.load(sums);
      if (bias) values = f32x4.add(values, v128.load(bias + <usize>g * groupStride));
      v128.store(out + <usize>g * groupStride, values);
      sums += VECTOR;
    }
    out += tokenStride;
  }
}
