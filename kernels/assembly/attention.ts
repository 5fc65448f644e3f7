// Causal attention with grouped heads over the pages of the KV cache.
// Takes q (T, H, Dh) and the pages; gives out (T, H, Dh). Scores, softmax and sums are f32.
// Must not know: how a page is written (kv.ts), rotation, layers.
//
// For every kv head: rows of q in blocks of ROWS, pages in order of position, each page widened once for the block and
// folded into each row's running maximum m, sum s and accumulator (which lies in out):
//
//   score[i] = (Σ over d of q[d] * key[d][i]) / sqrt(Dh)     one lane a position, d in order
//   m' = max(m, scores);  c = exp(m - m');  p[i] = exp(score[i] - m')
//   s  = s * c + Σ p                                          four lanes, i mod 4, in order; then (0+2)+(1+3)
//   out[d] = out[d] * c + Σ over i of p[i] * value[i][d]      one lane a dimension, i in order
//
// At the end out = out / s. So the bits depend on the position alone, not on T, ROWS or the cut into calls.

import { exp4 } from "./exp";
import { fold, foldMax } from "./lanes";
import { headBytes, PAGE, pageAt, widen } from "./kv";

/** Rows that share one widening of a page; ../abi.ts counts on it. */
const ROWS: u32 = 16;

export function attention(
  out: usize, q: usize, kv: usize, stride: u32, pages: usize, position: u32,
  T: u32, H: u32, KV: u32, Dh: u32, scratch: usize,
): void {
  const group = H / KV;
  const rowBytes: usize = <usize>H * Dh * 4;
  const groupBytes: usize = <usize>group * Dh * 4;
  const keys = scratch; //                                    2 panels (Dh, 16) f32
  const values = keys + headBytes(Dh) * 2; //                 Dh/16 panels (32, 16) f32
  const weights = values + headBytes(Dh) * 2; //              (group, 32) f32: scores, then p
  const states = weights + <usize>group * PAGE * 4; //        (ROWS, group) of m, s

  for (let head: u32 = 0; head < KV; head++) {
    for (let first: u32 = 0; first < T; first += ROWS) {
      const rows = min(ROWS, T - first);
      const rowQ = q + rowBytes * first + groupBytes * head;
      const rowOut = out + rowBytes * first + groupBytes * head;
      for (let t: u32 = 0; t < rows; t++) {
        memory.fill(rowOut + rowBytes * t, 0, groupBytes);
        for (let g: u32 = 0; g < group; g++) begin(states + <usize>(t * group + g) * 8);
      }
      const last = position + first + rows - 1;
      for (let start: u32 = 0; start <= last; start += PAGE) {
        const page = pageAt(kv, stride, pages, start);
        widen(keys, page + headBytes(Dh) * head, Dh);
        widen(values, page + headBytes(Dh) * (KV + head), Dh);
        for (let t: u32 = 0; t < rows; t++) {
          const visible = <i32>(position + first + t + 1) - <i32>start;
          if (visible <= 0) continue;
          foldPage(
            rowOut + rowBytes * t, rowQ + rowBytes * t, keys, values, weights,
            states + <usize>(t * group) * 8, min(<u32>visible, PAGE), group, Dh,
          );
        }
      }
      for (let t: u32 = 0; t < rows; t++) {
        for (let g: u32 = 0; g < group; g++) {
          divide(rowOut + rowBytes * t + <usize>(g * Dh) * 4, load<f32>(states + <usize>(t * group + g) * 8, 4), Dh);
        }
      }
    }
  }
}

@inline
function begin(state: usize): void {
  store<f32>(state, -Infinity);
  store<f32>(state, 0, 4);
}

function divide(out: usize, sum: f32, Dh: u32): void {
  const by = f32x4.splat(sum);
  const end = out + <usize>Dh * 4;
  for (; out < end; out += 16) v128.store(out, f32x4.div(v128.load(out), by));
}

/** Folds the first `visible` positions of a page into one row: `group` heads of q and out. */
function foldPage(
  out: usize, q: usize, keys: usize, values: usize, weights: usize, states: usize, visible: u32, group: u32, Dh: u32,
): void {
  const scale: f32 = 1 / sqrt<f32>(<f32>Dh);
  for (let g: u32 = 0; g < group; g++) {
    const qHead = q + <usize>(g * Dh) * 4;
    const scores = weights + <usize>(g * PAGE) * 4;
    one(scores, qHead, keys, Dh, 0, true);
    one(scores + 64, qHead, keys + <usize>Dh * 64, Dh, 0, true);
    const c = softmax(scores, states + <usize>g * 8, visible, scale);
    const outHead = out + <usize>(g * Dh) * 4;
    for (let panel: u32 = 0; panel < Dh / 16; panel++) {
      one(outHead + <usize>panel * 64, scores, values + <usize>panel * (PAGE * 64), visible, c, false);
    }
  }
}

/** Scores become p, the state takes in their maximum and sum; gives c, by which older sums shrink. */
function softmax(scores: usize, state: usize, visible: u32, scale: f32): f32 {
  for (let i = visible; i < PAGE; i++) store<f32>(scores + <usize>i * 4, -Infinity);
  const scales = f32x4.splat(scale);
  let largest = f32x4.splat(-Infinity);
  for (let i: usize = 0; i < PAGE * 4; i += 16) {
    const score = f32x4.mul(v128.load(scores + i), scales);
    v128.store(scores + i, score);
    largest = f32x4.pmax(largest, score);
  }
  const before = load<f32>(state);
  const pageMax = foldMax(largest);
  const max = before < pageMax ? pageMax : before;
  const maxes = f32x4.splat(max);
  let sums = f32x4.splat(0);
  for (let i: usize = 0; i < PAGE * 4; i += 16) {
    const p = exp4(f32x4.sub(v128.load(scores + i), maxes));
    v128.store(scores + i, p);
    sums = f32x4.add(sums, p);
  }
  const c = f32x4.extract_lane(exp4(f32x4.splat(before - max)), 0);
  store<f32>(state, max);
  store<f32>(state, load<f32>(state, 4) * c + fold(sums), 4);
  return c;
}

/** out (16) = [out * c +] Σ over k of a[k] * panel[k] (16). */
@inline
function one(out: usize, a: usize, panel: usize, K: u32, c: f32, fresh: bool): void {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let s2 = f32x4.splat(0);
  let s3 = f32x4.splat(0);
  const end = a + <usize>K * 4;
  for (; a < end; a += 4, panel += 64) {
    const x = v128.load32_splat(a);
    s0 = f32x4.add(s0, f32x4.mul(x, v128.load(panel)));
    s1 = f32x4.add(s1, f32x4.mul(x, v128.load(panel, 16)));
    s2 = f32x4.add(s2, f32x4.mul(x, v128.load(panel, 32)));
    s3 = f32x4.add(s3, f32x4.mul(x, v128.load(panel, 48)));
  }
  if (!fresh) {
    const shrink = f32x4.splat(c);
    s0 = f32x4.add(f32x4.mul(v128.load(out), shrink), s0);
    s1 = f32x4.add(f32x4.mul(v128.load(out, 16), shrink), s1);
    s2 = f32x4.add(f32x4.mul(v128.load(out, 32), shrink), s2);
    s3 = f32x4.add(f32x4.mul(v128.load(out, 48), shrink), s3);
  }
  v128.store(out, s0);
  v128.store(out, s1, 16);
  v128.store(out, s2, 32);
  v128.store(out, s3, 48);
}
