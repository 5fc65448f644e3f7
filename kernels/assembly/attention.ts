// Causal attention with grouped heads over the pages of the KV cache.
// Takes q (T, H, Dh) and the pages; gives out (T, H, Dh). Scores, softmax and sums are f32.
// Must not know: how a page is written (kv.ts, kv-q8.ts), rotation, layers.
//
// For every kv head: rows of q in blocks of ROWS; pages in order of position, each widened once a block for all its query
// heads, and folded into every row's running maximum m, sum s and accumulator, which lies in out:
//
//   score[i] = Σ over d of q[d] * key[d][i]                     a lane is a position, d in order
//   score[i] = score[i] * key scale[i]                          8 bits only
//   m' = max(m, max(score) / √Dh)     c = exp(m - m')
//   p[i] = exp(score[i] / √Dh - m')                             / √Dh is one multiplication by its f32 inverse
//   s = s * c + Σ p                                             four lanes, i mod 4, in order; then (0+2)+(1+3)
//   p[i] = p[i] * value scale[i]                                8 bits only
//   out[d] = out[d] * c + Σ over i of p[i] * value[i][d]        a lane is a dimension, i in order
//
// At the end out = out / s. With chunks q has three versions, and a page meets the one for its distance in chunks. So the bits depend on the position alone: not on T, ROWS or the cut into calls.

import { exp4 } from "./exp";
import { headBytes, PAGE, pageAt, widen } from "./kv";
import { headBytesQ8, scalesOf, widenQ8 } from "./kv-q8";
import { fold, foldMax } from "./lanes";
import { product } from "./panels";

/** Rows that share one widening of a page; attentionScratchBytes of ../abi.ts counts on it. */
const ROWS: u32 = 16;
/** Bytes of a row's and head's state: f32 m, s, c of the last page, and nothing. */
const STATE: usize = 16;

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
  const keys = scratch; //                              2 panels (Dh, 16) f32
  const values = keys + headBytes(Dh) * 2; //           Dh/16 panels (32, 16) f32
  const scores = values + headBytes(Dh) * 2; //         (group, 32) f32
  const states = scores + <usize>(group * PAGE) * 4; // (ROWS, group) states

  for (let head: u32 = 0; head < KV; head++) {
    for (let first: u32 = 0; first < T; first += ROWS) {
      const rows = min(ROWS, T - first);
      const blockOut = out + rowBytes * first + groupBytes * head;
      const blockQ = q + rowBytes * first + groupBytes * head;
      const last = position + first + rows - 1;
      for (let start: u32 = 0; start <= last; start += PAGE) {
        const page = pageAt(kv, stride, pages, start);
        const keyHead = page + headSize * head;
        const valueHead = page + headSize * (KV + head);
        if (isSigned<Stored>()) {
          widenQ8(keys, keyHead, Dh);
          widenQ8(values, valueHead, Dh);
        } else {
          widen(keys, keyHead, Dh);
          widen(values, valueHead, Dh);
        }
        for (let t: u32 = 0; t < rows; t++) {
          const end = position + first + t + 1; // the first position that row t must not see
          if (end <= start) continue;
          const rowOut = blockOut + rowBytes * t;
          const rowStates = states + <usize>(t * group) * STATE;
          if (start == 0) begin(rowOut, rowStates, group, Dh);
          const visible = min(end - start, PAGE);
          const version = chunk == 0 ? 0 : min<u32>((end - 1) / chunk - start / chunk, 2);
          const rowQ = blockQ + rowBytes * t + <usize>apart * version;
          product(scores, PAGE * 4, rowQ, Dh * 4, keys, Dh, 2, Dh, group, 0);
          for (let g: u32 = 0; g < group; g++) {
            const own = scores + <usize>(g * PAGE) * 4;
            if (isSigned<Stored>()) multiply(own, scalesOf(keyHead, Dh));
            softmax(own, rowStates + STATE * g, visible, Dh);
            if (isSigned<Stored>()) multiply(own, scalesOf(valueHead, Dh));
          }
          product(rowOut, Dh * 4, scores, PAGE * 4, values, PAGE, Dh / 16, visible, group, rowStates + 8);
        }
      }
      for (let t: u32 = 0; t < rows; t++) {
        finish(blockOut + rowBytes * t, states + <usize>(t * group) * STATE, group, Dh);
      }
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

/** x (32) *= y (32). */
@inline
function multiply(x: usize, y: usize): void {
  for (let i: usize = 0; i < PAGE * 4; i += 16) v128.store(x + i, f32x4.mul(v128.load(x + i), v128.load(y + i)));
}

/** A page's 32 scores become p, 0 from `visible` on; the state takes them in. */
function softmax(scores: usize, state: usize, visible: u32, Dh: u32): void {
  for (let i = visible; i < PAGE; i++) store<f32>(scores + <usize>i * 4, -Infinity);
  let largest = f32x4.splat(-Infinity);
  for (let i: usize = 0; i < PAGE * 4; i += 16) largest = f32x4.pmax(largest, v128.load(scores + i));
  const scale: f32 = 1 / sqrt<f32>(<f32>Dh);
  const before = load<f32>(state);
  const here = foldMax(largest) * scale;
  const max = before < here ? here : before;

  const scales = f32x4.splat(scale);
  const maxes = f32x4.splat(max);
  let sums = f32x4.splat(0);
  for (let i: usize = 0; i < PAGE * 4; i += 16) {
    const p = exp4(f32x4.sub(f32x4.mul(v128.load(scores + i), scales), maxes));
    v128.store(scores + i, p);
    sums = f32x4.add(sums, p);
  }
  const c = f32x4.extract_lane(exp4(f32x4.splat(before - max)), 0);
  store<f32>(state, max);
  store<f32>(state, load<f32>(state, 4) * c + fold(sums), 4);
  store<f32>(state, c, 8);
}
