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

export function matmul_q4(
  out: usize, x8: usize, w: usize, bias: usize, T: i32, N: i32, K: i32, scratch: usize,
): void {
  if (T == 1) vector<Q4>(out, x8, w, bias, N, K, scratch);
  else matrix<Q4>(out, x8, w, bias, T, N, K, scratch);
}

export function matmul_q8(
  out: usize, x8: usize, w: usize, bias: usize, T: i32, N: i32, K: i32, scratch: usize,
): void {
  if (T == 1) vector<Q8>(out, x8, w, bias, N, K, scratch);
  else matrix<Q8>(out, x8, w, bias, T, N, K, scratch);
}

/** The formats, as types: each use below compiles to a function of its own. */
abstract class Q4 {}
abstract class Q8 {}

/** T = 1. Four streams, a quarter of the row groups apart; where 4 does not divide them, streams overlap at their ends. */
function vector<Format>(out: usize, x8: usize, w: usize, bias: usize, N: i32, K: i32, sums: usize): void {
  const blocks = K / BLOCK;
  const groups = N / ROW_GROUP;
  const groupBytes = <usize>blocks * blockBytes<Format>();
  const apart = <usize>groups / 4;
  const count = groups - 3 * <i32>apart;
  for (let g = 0; g < count; g++) {
    const at = w + <usize>g * groupBytes;
    if (idof<Format>() == idof<Q4>()) tiles.packed_q4_1(sums, x8, at, apart * groupBytes, blocks);
    else tiles.packed_q8_1(sums, x8, at, apart * groupBytes, blocks);
    write(out + g * VECTOR, 0, bias ? bias + g * VECTOR : 0, apart * VECTOR, sums, 1, 4);
  }
}

/** T >= 2. */
function matrix<Format>(
  out: usize, x8: usize, w: usize, bias: usize, T: i32, N: i32, K: i32, sums: usize,
): void {
  const blocks = K / BLOCK;
  const panel = sums + SUMS_BYTES;
  const rowBytes = <usize>N * 4;
  for (let n = 0; n < N; n += 2 * ROW_GROUP) {
    for (let g = 0; g < 2; g++) {
      unpack<Format>(panel + g * VECTOR, w, blocks);
      w += <usize>blocks * blockBytes<Format>();
    }
    const columns = out + <usize>n * 4;
    for (let t = 0; t < T; t += TILE) {
      const tokens = min(TILE, T - t);
      sweep<Format>(tokens, sums, x8 + <usize>t * blocks * ACTIVATION_BLOCK_BYTES, panel, blocks);
      write(columns + <usize>t * rowBytes, rowBytes, bias ? bias + n * 4 : 0, VECTOR, sums, tokens, 2);
    }
  }
}

@inline
function blockBytes<Format>(): usize {
  return idof<Format>() == idof<Q4>() ? Q4_BLOCK_BYTES : Q8_BLOCK_BYTES;
}

@inline
function unpack<Format>(panel: usize, w: usize, blocks: i32): void {
  if (idof<Format>() == idof<Q4>()) tiles.unpack_q4(panel, w, blocks);
  else tiles.unpack_q8(panel, w, blocks);
}

/** The panel times a tile of 1 to TILE tokens. */
@inline
function sweep<Format>(tokens: i32, sums: usize, x: usize, panel: usize, blocks: i32): void {
  if (idof<Format>() == idof<Q4>()) {
    if (TILE > 5 && tokens == 6) tiles.panel_q4_6(sums, x, panel, 0, blocks);
    else if (tokens == 5) tiles.panel_q4_5(sums, x, panel, 0, blocks);
    else if (tokens == 4) tiles.panel_q4_4(sums, x, panel, 0, blocks);
    else if (tokens == 3) tiles.panel_q4_3(sums, x, panel, 0, blocks);
    else if (tokens == 2) tiles.panel_q4_2(sums, x, panel, 0, blocks);
    else tiles.panel_q4_1(sums, x, panel, 0, blocks);
  } else {
    if (TILE > 5 && tokens == 6) tiles.panel_q8_6(sums, x, panel, 0, blocks);
    else if (tokens == 5) tiles.panel_q8_5(sums, x, panel, 0, blocks);
    else if (tokens == 4) tiles.panel_q8_4(sums, x, panel, 0, blocks);
    else if (tokens == 3) tiles.panel_q8_3(sums, x, panel, 0, blocks);
    else if (tokens == 2) tiles.panel_q8_2(sums, x, panel, 0, blocks);
    else tiles.panel_q8_1(sums, x, panel, 0, blocks);
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
