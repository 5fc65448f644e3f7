// Causal attention with grouped heads over the pages of the KV cache.
// Takes q (T, H, Dh) and the pages; gives out (T, H, Dh). Scores and softmax are f32, sums too, or integers with 8 bits.
// Must not know: how a page is written (kv.ts, kv-q8.ts), rotation, layers.
//
// For every kv head: rows of q in blocks of ROWS; pages in order of position, each read once a block for all its query
// heads, and folded into every row's running maximum m, sum s and accumulator, which lies in out:
//
//   score[i] = Σ over d of q[d] * key[d][i]                     a lane is a position, d in order
//   m' = max(m, max(score) / √Dh)     c = exp(m - m')
//   p[i] = exp(score[i] / √Dh - m')                             / √Dh is one multiplication by its f32 inverse
//   s = s * c + Σ p                                             four lanes, i mod 4, in order; then (0+2)+(1+3)
//   out[d] = out[d] * c + Σ over i of p[i] * value[i][d]        a lane is a dimension, i in order
//
// With 8 bits the sums over d and i are of integers: q becomes int16, and p times the values' scales 0 to 127, with scales of
// their own.
//
//   score[i] = f32(Σ q16[d] * key8[d][i]) * (key scale[i] * q scale)
//   w8 = p[i] * value scale[i] as int8, scale w                 over the page
//   out[d] = out[d] * c + f32(Σ w8[i] * value8[i][d]) * w
//
// At the end out = out / s. With chunks q has three versions, and a page meets the one for its distance in chunks. So the
// bits depend on the position alone: not on T, ROWS or the cut into calls.

import { exp4 } from "./exp";
import { headBytes, PAGE, pageAt } from "./kv";
import { headBytesQ8, scalesOf } from "./kv-q8";
import { fold, foldMax } from "./lanes";
import { product, STATE } from "./panels";
import { quantize8, quantize16 } from "./quantize";

/** Rows that share one reading of a page; attentionScratchBytes of ../abi.ts counts on it. */
const ROWS: u32 = 16;

export function attention_bf16(
  out: usize, q: usize, kv: usize, stride: u32, pages: usize, position: u32,
  T: u32, H: u32, KV: u32, Dh: u32, chunk: u32, apart: u32, scratch: usize,
): void {
  attend<u16>(out, q, kv, stride, pages, position, T, H, KV, Dh, chunk, apart, scratch);
}

export function attention_q8(
  out: usize, q: usize, kv: usize, stride: u32, pages: usize, position: u32,
  T: u32, H: u32, KV: u32, Dh: u32, chunk: u32, apart: u32, scratch: usize,
): void {
  attend<i8>(out, q, kv, stride, pages, position, T, H, KV, Dh, chunk, apart, scratch);
}

/** Stored: a number of a page, u16 for bf16 or i8. */
function attend<Stored>(
  out: usize, q: usize, kv: usize, stride: u32, pages: usize, position: u32,
  T: u32, H: u32, KV: u32, Dh: u32, chunk: u32, apart: u32, scratch: usize,
): void {
  const group = H / KV;
  const headSize = isSigned<Stored>() ? headBytesQ8(Dh) : headBytes(Dh);
  const rowBytes: usize = <usize>(H * Dh) * 4;
  const groupBytes: usize = <usize>(group * Dh) * 4;
  const scores = scratch; //                                (group, 32) f32
  const states = scores + <usize>(group * PAGE) * 4; //     (ROWS, group) states
  const weights = states + <usize>(ROWS * group) * STATE; // (group, 32) int8
  const queries = weights + <usize>(group * PAGE); //       (versions, ROWS, group, Dh) int16
  const scales = queries + <usize>(3 * ROWS * group * Dh) * 2; // (versions, ROWS, group) f32

  let ahead: u32 = 0; // what was loaded only to be there in time
  for (let head: u32 = 0; head < KV; head++) {
    for (let first: u32 = 0; first < T; first += ROWS) {
      const rows = min(ROWS, T - first);
      const blockOut = out + rowBytes * first + groupBytes * head;
      const blockQ = q + rowBytes * first + groupBytes * head;
      if (isSigned<Stored>()) {
        // No row is further than this from the first chunk.
        const versions: u32 = chunk == 0 ? 1 : min<u32>((position + first + rows - 1) / chunk, 2) + 1;
        for (let version: u32 = 0; version < versions; version++) {
          const row = version * ROWS * group;
          quantizeQueries(queries + row * Dh * 2, scales + row * 4, blockQ + <usize>apart * version, rowBytes, rows, group, Dh);
        }
      }
      const last = position + first + rows - 1;
      for (let start: u32 = 0; start <= last; start += PAGE) {
        const page = pageAt(kv, stride, pages, start);
        const keyHead = page + 2 * headSize * head;
        const valueHead = keyHead + headSize;
        if (start + PAGE <= last) ahead |= touch(pageAt(kv, stride, pages, start + PAGE) + 2 * headSize * head);
        for (let t: u32 = 0; t < rows; t++) {
          const end = position + first + t + 1; // the first position that row t must not see
          if (end <= start) continue;
          const rowOut = blockOut + rowBytes * t;
          const rowStates = states + <usize>(t * group) * STATE;
          if (start == 0) begin(rowOut, rowStates, group, Dh);
          const visible = min(end - start, PAGE);
          const version = chunk == 0 ? 0 : min<u32>((end - 1) / chunk - start / chunk, 2);
          if (isSigned<Stored>()) {
            const row = (version * ROWS + t) * group;
            product<i16>(scores, PAGE * 4, queries + row * Dh * 2, Dh * 2, keyHead, Dh, PAGE / 8, Dh, group, 0);
            for (let g: u32 = 0; g < group; g++) {
              const own = scores + <usize>(g * PAGE) * 4;
              const state = rowStates + STATE * g;
              softmax<Stored>(own, state, visible, Dh, scalesOf(keyHead, Dh), load<f32>(scales + (row + g) * 4), scalesOf(valueHead, Dh));
              store<f32>(state, quantize8(weights + <usize>(g * PAGE), own, PAGE), 12);
            }
            product<i8>(rowOut, Dh * 4, weights, PAGE, valueHead, PAGE, Dh / 8, PAGE, group, rowStates);
          } else {
            const rowQ = blockQ + rowBytes * t + <usize>apart * version;
            product<f32>(scores, PAGE * 4, rowQ, Dh * 4, keyHead, Dh, PAGE / 8, Dh, group, 0);
            for (let g: u32 = 0; g < group; g++) {
              softmax<Stored>(scores + <usize>(g * PAGE) * 4, rowStates + STATE * g, visible, Dh, 0, 0, 0);
            }
            product<f32>(rowOut, Dh * 4, scores, PAGE * 4, valueHead, PAGE, Dh / 8, visible, group, rowStates);
          }
        }
      }
      for (let t: u32 = 0; t < rows; t++) {
        finish(blockOut + rowBytes * t, states + <usize>(t * group) * STATE, group, Dh);
      }
    }
  }
  store<u32>(scores, ahead); // or the compiler would leave those loads out
}

/** Loads from the first two cache lines of a head's page: enough for the hardware to fetch what follows. */
@inline
function touch(head: usize): u32 {
  return load<u32>(head) | load<u32>(head, 64);
}

/** q16 (rows, group, Dh) and their scales (rows, group), of rows of q `rowBytes` apart. */
function quantizeQueries(q16: usize, scales: usize, q: usize, rowBytes: usize, rows: u32, group: u32, Dh: u32): void {
  for (let t: u32 = 0; t < rows; t++) {
    for (let g: u32 = 0; g < group; g++) {
      store<f32>(scales, quantize16(q16, q + rowBytes * t + <usize>(g * Dh) * 4, Dh));
      q16 += <usize>Dh * 2;
      scales += 4;
    }
  }
}

function begin(out: usize, states: usize, group: u32, Dh: u32): void {
  memory.fill(out, 0, <usize>(group * Dh) * 4);
  for (let g: u32 = 0; g < group; g++) {
    store<f32>(states + STATE * g, -Infinity);
    store<f32>(states + STATE * g, 0, 4);
  }
}

function finish(out: usize, states: usize, group: u32, Dh: u32): void {
  for (let g: u32 = 0; g < group; g++) {
    const sum = v128.load32_splat(states + STATE * g, 4);
    for (const end = out + <usize>Dh * 4; out < end; out += 16) v128.store(out, f32x4.div(v128.load(out), sum));
  }
}

/** 0, 1, 2, 3. */
const LANES = memory.data<u32>([0, 1, 2, 3], 16);

/**
 * A page's 32 scores become p, 0 from `visible` on; the state takes them in. With 8 bits scores are multiplied with the keys'
 * scales and the query's first, and p with the values' scales last.
 */
@inline
function softmax<Stored>(
  scores: usize, state: usize, visible: u32, Dh: u32, keyScales: usize, queryScale: f32, valueScales: usize,
): void {
  const isWhole = visible == PAGE;
  const seen = i32x4.splat(visible);
  const query = f32x4.splat(queryScale);
  let lanes = v128.load(LANES);
  let largest = f32x4.splat(-Infinity);
  for (let i: usize = 0; i < PAGE * 4; i += 16) {
    let score = v128.load(scores + i);
    if (isSigned<Stored>()) score = f32x4.mul(score, f32x4.mul(v128.load(keyScales + i), query));
    if (!isWhole) {
      score = v128.bitselect(score, f32x4.splat(-Infinity), i32x4.lt_s(lanes, seen));
      lanes = i32x4.add(lanes, i32x4.splat(4));
    }
    if (isSigned<Stored>() || !isWhole) v128.store(scores + i, score);
    largest = f32x4.pmax(largest, score);
  }
  const scale: f32 = 1 / sqrt<f32>(<f32>Dh);
  const before = load<f32>(state);
  const here = foldMax(largest) * scale;
  const max = before < here ? here : before;

  const factor = f32x4.splat(scale);
  const maxes = f32x4.splat(max);
  let sums = f32x4.splat(0);
  for (let i: usize = 0; i < PAGE * 4; i += 16) {
    let p = exp4(f32x4.sub(f32x4.mul(v128.load(scores + i), factor), maxes));
    sums = f32x4.add(sums, p);
    if (isSigned<Stored>()) p = f32x4.mul(p, v128.load(valueScales + i));
    v128.store(scores + i, p);
  }
  // Whatever scales lie there.
  if (isSigned<Stored>()) for (let i = visible; i < PAGE; i++) store<f32>(scores + <usize>i * 4, 0);
  // Mostly the maximum stays, and e^0 is 1.
  const c = before == max ? <f32>1 : f32x4.extract_lane(exp4(f32x4.splat(before - max)), 0);
  store<f32>(state, max);
  store<f32>(state, load<f32>(state, 4) * c + fold(sums), 4);
  store<f32>(state, c, 8);
}
