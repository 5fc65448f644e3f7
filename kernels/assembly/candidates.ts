// What a sampler needs of a stage's logits: sparse adjustments, sums of exponentials by tile, and the k largest.
// Takes logits (n) f32; changes them (adjust) or gives numbers about them. Must not know: tokens' meaning, sampling.

import { exp4 } from "./exp";
import { fold, foldMax } from "./lanes";

/** An entry: u32 id, f32 bias, f32 repetition, f32 subtract, f32 raw (written). */
const ENTRY: usize = 20;

export function adjust(logits: usize, n: u32, first: u32, entries: usize, count: u32): void {
  const end = entries + ENTRY * count;
  for (; entries < end; entries += ENTRY) {
    const index = load<u32>(entries) - first; // an id before `first` wraps to a large number
    if (index >= n) continue;
    const at = logits + <usize>index * 4;
    const raw = load<f32>(at);
    store<f32>(entries, raw, 16);
    const x = raw + load<f32>(entries, 4);
    const repetition = load<f32>(entries, 8);
    store<f32>(at, (x > 0 ? x / repetition : x * repetition) - load<f32>(entries, 12));
  }
}

/** Four lanes, index in the tile mod 4, in order; then (0+2)+(1+3). A last vector is filled up with -infinity. */
export function tile_sums(out: usize, logits: usize, n: u32, tile: u32, scale: f32): void {
  const scales = f32x4.splat(scale);
  for (let start: u32 = 0; start < n; start += tile) {
    const at = logits + <usize>start * 4;
    const size = min(tile, n - start);
    const whole: usize = <usize>(size / 4) * 16;
    const rest = partial(at + whole, size % 4);
    let largest = f32x4.pmax(f32x4.splat(-Infinity), rest);
    for (let i: usize = 0; i < whole; i += 16) largest = f32x4.pmax(largest, v128.load(at + i));
    const max = foldMax(largest);
    let sum: f32 = 0;
    if (max != -Infinity) {
      const maxes = f32x4.splat(max);
      let sums = f32x4.splat(0);
      for (let i: usize = 0; i < whole; i += 16) {
        sums = f32x4.add(sums, exp4(f32x4.mul(f32x4.sub(v128.load(at + i), maxes), scales)));
      }
      if (size % 4) sums = f32x4.add(sums, exp4(f32x4.mul(f32x4.sub(rest, maxes), scales)));
      sum = fold(sums);
    }
    store<f32>(out, max);
    store<f32>(out, sum, 4);
    out += 8;
  }
}

/** The `count` (0..3) floats at `at`, the other lanes -infinity. */
@inline
function partial(at: usize, count: u32): v128 {
  let v = f32x4.splat(-Infinity);
  if (count > 0) v = f32x4.replace_lane(v, 0, load<f32>(at));
  if (count > 1) v = f32x4.replace_lane(v, 1, load<f32>(at, 4));
  if (count > 2) v = f32x4.replace_lane(v, 2, load<f32>(at, 8));
  return v;
}

// top_k keeps its k best in a heap that lies in `out`, the worst at the root. An element is one u64 that orders as the
// candidates do: the logit's bits, made to order as an integer, above; the id inverted below, so that of equal logits
// the lower id is the larger element.

export function top_k(out: usize, logits: usize, n: u32, first: u32, k: u32): u32 {
  if (k == 0) return 0;
  let size: u32 = 0;
  let worst: f32 = -Infinity; // the root's logit once k are found: a later, equal one has a higher id and loses
  let index: u32 = 0;
  while (index < n) {
    const at = logits + <usize>index * 4;
    if (n - index >= 16) {
      const than = f32x4.splat(worst);
      const left = v128.or(f32x4.gt(v128.load(at), than), f32x4.gt(v128.load(at, 16), than));
      const right = v128.or(f32x4.gt(v128.load(at, 32), than), f32x4.gt(v128.load(at, 48), than));
      if (!v128.any_true(v128.or(left, right))) {
        index += 16;
        continue;
      }
    }
    for (const end = min(n, index + 16); index < end; index++) {
      const logit = load<f32>(logits + <usize>index * 4);
      if (!(logit > worst)) continue;
      if (size < k) {
        rise(out, size, element(logit, first + index));
        size++;
      } else {
        sink(out, size, element(logit, first + index));
      }
      if (size == k) worst = load<f32>(logits + <usize>(idOf(load<u64>(out)) - first) * 4);
    }
  }
  for (let end = size; end > 1; ) {
    end--;
    const last = load<u64>(out + <usize>end * 8);
    store<u64>(out + <usize>end * 8, load<u64>(out));
    sink(out, end, last);
  }
  for (let i: u32 = 0; i < size; i++) {
    const at = out + <usize>i * 8;
    const id = idOf(load<u64>(at));
    store<u32>(at, id);
    store<f32>(at, load<f32>(logits + <usize>(id - first) * 4), 4);
  }
  return size;
}

@inline
function element(logit: f32, id: u32): u64 {
  const bits = reinterpret<u32>(logit + 0); // + 0: -0 is equal to 0
  const ordered = bits >> 31 ? ~bits : bits | 0x80000000;
  return (<u64>ordered << 32) | <u64>(~id);
}

@inline
function idOf(element: u64): u32 {
  return ~(<u32>element);
}

/** Puts `element` at the end of a heap of `size`. */
function rise(heap: usize, size: u32, element: u64): void {
  let child = size;
  while (child > 0) {
    const parent = (child - 1) / 2;
    const above = load<u64>(heap + <usize>parent * 8);
    if (above <= element) break;
    store<u64>(heap + <usize>child * 8, above);
    child = parent;
  }
  store<u64>(heap + <usize>child * 8, element);
}

/** Replaces the root of a heap of `size` by `element`. */
function sink(heap: usize, size: u32, element: u64): void {
  let parent: u32 = 0;
  while (true) {
    let child = parent * 2 + 1;
    if (child >= size) break;
    let below = load<u64>(heap + <usize>child * 8);
    if (child + 1 < size) {
      const other = load<u64>(heap + <usize>(child + 1) * 8);
      if (other < below) {
        below = other;
        child++;
      }
    }
    if (element <= below) break;
    store<u64>(heap + <usize>parent * 8, below);
    parent = child;
  }
  store<u64>(heap + <usize>parent * 8, element);
}
