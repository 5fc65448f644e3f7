// out (T, N) = x8 (T, K) · Wᵀ + bias: which rows of weights meet which tokens, in which order.
// Takes quantize's tiles and packed matrices (docs/format.md). The unrolled inner loops are printed by
// ../generate/tiles.ts, what differs between weight formats by ../generate/formats.ts. Must not know: what a matrix means.
//
// A paragraph with FORMAT is compiled once for each weight format (../build.ts).
// Few tokens unpack nibbles on the way, many once for all into a panel. An inner call does a whole K for one row group of
// each stream, or one tile of a panel: V8 swaps a function's first, slow code for the optimized one only between calls.

import { ACTIVATION_BLOCK_BYTES, BLOCK, PLANE_BYTES, ROW_GROUP, TILE, VECTOR } from "./layout";
import * as formats from "../../build/generated/formats";
import { unpack } from "../../build/generated/tiles";

/** Bytes of scratch for the sums of a tile; the panel follows them. */
const SUMS_BYTES = 1024;
/** So many tokens are few. A tile of 6, which the i32 dot wants, leaves no registers for unpacking. */
const FEW = DOT == 32 ? 4 : 24;

export function matmul_FORMAT(
  out: usize, x8: usize, w: usize, bias: usize, T: i32, N: i32, K: i32, scratch: usize,
): void {
  if (T <= FEW) few_FORMAT(out, x8, w, bias, T, N, K, scratch);
  else many_FORMAT(out, x8, w, bias, T, N, K, scratch);
}

/**
 * Weights straight from the packed rows. One token reads four streams, a quarter of the row groups apart, because one
 * stream does not reach the memory's bandwidth; where the groups do not divide evenly, each stream goes on into the first
 * groups of the next, which are then computed twice.
 */
function few_FORMAT(out: usize, x8: usize, w: usize, bias: usize, T: i32, N: i32, K: i32, sums: usize): void {
  const blocks = K / BLOCK;
  const groups = N / ROW_GROUP;
  const groupBytes = blocks * formats.blockBytes_FORMAT;
  const streams = T == 1 ? 4 : formats.panelGroups_FORMAT;
  const apart = groups / streams;
  const count = groups - (streams - 1) * apart;
  for (let g = 0; g < count; g++) {
    for (let t = 0; t < T; t += TILE) {
      const tokens = min(TILE, T - t);
      formats.multiplyPacked_FORMAT(streams, tokens, sums, x8 + tileOffset(t, blocks), w, apart * groupBytes, blocks);
      const at = out + (t * N + g * ROW_GROUP) * 4;
      write(at, N * 4, bias ? bias + g * VECTOR : 0, apart * VECTOR, sums, tokens, streams);
    }
    w += groupBytes;
  }
}

/** Unpacks two planes (8 rows with one plane, or 4 with two) and sweeps over them, tile after tile of tokens. */
function many_FORMAT(out: usize, x8: usize, w: usize, bias: usize, T: i32, N: i32, K: i32, sums: usize): void {
  const blocks = K / BLOCK;
  const panel = sums + SUMS_BYTES;
  const groups = formats.panelGroups_FORMAT;
  const groupBytes = blocks * formats.blockBytes_FORMAT;
  for (let n = 0; n < N; n += groups * ROW_GROUP) {
    // Both planes through the same instructions: prefetchers follow those, and two in one region are 2-3 times slower.
    for (let p = 0; p < 2; p++) {
      const plane = w + p * (groups > 1 ? groupBytes : PLANE_BYTES);
      unpack(panel + p * VECTOR, plane, formats.blockBytes_FORMAT, blocks);
    }
    w += groups * groupBytes;
    for (let t = 0; t < T; t += TILE) {
      const tokens = min(TILE, T - t);
      formats.multiplyPanel_FORMAT(tokens, sums, x8 + tileOffset(t, blocks), panel, blocks);
      write(out + (t * N + n) * 4, N * 4, bias ? bias + n * 4 : 0, VECTOR, sums, tokens, groups);
    }
  }
}

/** Where the tile that begins with token t lies. */
@inline
function tileOffset(t: i32, blocks: i32): i32 {
  return t * blocks * ACTIVATION_BLOCK_BYTES;
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
