// Byte-pair encoding of one piece: of all neighbouring pairs that are a token, the one with the lowest id merges first
// (the leftmost of equals), until none is left.
// Short pieces by search, O(n²) with n <= 32; long ones with a heap, O(n log n), so that no text is slow.
// Takes UTF-8 bytes and offsets; gives ids. Must not know: text, control tokens.

import type { Work } from "./pretokenize.ts";
import type { Vocab } from "./vocab.ts";

/** From this many bytes on the heap is faster than searching. */
const SHORT = 32;
const NONE = 0x7fffffff;

/** Encodes pieces; holds the arrays that it works in, so make one per text and let it go. */
export class PairMerger {
  private readonly vocab: Vocab;
  private readonly work: Work;
  /** Where part i begins; one more entry for the end. */
  private readonly starts = new Int32Array(SHORT + 1);
  /** The token that part i is. */
  private readonly parts = new Int32Array(SHORT);
  /** The token that parts i and i + 1 would be together, or NONE. */
  private readonly pairs = new Int32Array(SHORT);
  private long: LinkedParts | null = null;

  constructor(vocab: Vocab, work: Work) {
    this.vocab = vocab;
    this.work = work;
  }

  /** Appends the ids of text[start..end) to `ids`. */
  encode(text: Uint8Array, start: number, end: number, ids: number[]): void {
    const whole = this.find(text, start, end);
    // Every token encodes to itself (pack proves it), so most words end here.
    if (whole !== NONE) ids.push(whole);
    else if (end - start <= SHORT) this.encodeShort(text, start, end, ids);
    else this.encodeLong(text, start, end, ids);
  }

  private find(text: Uint8Array, start: number, end: number): number {
    this.work.steps += Math.min(end - start, 255);
    const id = this.vocab.find(text, start, end);
    return id === -1 ? NONE : id;
  }

  private encodeShort(text: Uint8Array, start: number, end: number, ids: number[]): void {
    const { starts, parts, pairs } = this;
    let count = end - start;
    for (let i = 0; i <= count; i++) starts[i] = start + i;
    for (let i = 0; i < count; i++) {
      parts[i] = this.vocab.find(text, start + i, start + i + 1);
      pairs[i] = i + 1 < count ? this.find(text, start + i, start + i + 2) : NONE;
    }
    for (;;) {
      let best = 0;
      for (let i = 1; i < count; i++) if (pairs[i]! < pairs[best]!) best = i;
      this.work.steps += count;
      if (pairs[best] === NONE) break;
      parts[best] = pairs[best]!;
      count--;
      starts.copyWithin(best + 1, best + 2, count + 2);
      parts.copyWithin(best + 1, best + 2, count + 1);
      pairs.copyWithin(best + 1, best + 2, count + 1);
      pairs[best] = best + 1 < count ? this.find(text, starts[best]!, starts[best + 2]!) : NONE;
      if (best > 0) pairs[best - 1] = this.find(text, starts[best - 1]!, starts[best + 1]!);
    }
    for (let i = 0; i < count; i++) ids.push(parts[i]!);
  }

  private encodeLong(text: Uint8Array, start: number, end: number, ids: number[]): void {
    const count = end - start;
    if (this.long === null || this.long.pairs.length < count) this.long = new LinkedParts(count, this.work);
    const { parts, pairs, next, previous, heap } = this.long;
    const tryPair = (at: number) => {
      const middle = next[at]!;
      pairs[at] = middle < count ? this.find(text, start + at, start + next[middle]!) : NONE;
      if (pairs[at] !== NONE) heap.push(pairs[at]!, at);
    };
    for (let at = 0; at < count; at++) {
      parts[at] = this.vocab.find(text, start + at, start + at + 1);
      previous[at] = at - 1;
      next[at] = at + 1;
    }
    next[count] = count;
    for (let at = 0; at < count; at++) tryPair(at);
    for (let at = heap.pop(pairs); at !== -1; at = heap.pop(pairs)) {
      const gone = next[at]!;
      parts[at] = pairs[at]!;
      pairs[gone] = NONE;
      next[at] = next[gone]!;
      previous[next[at]!] = at;
      tryPair(at);
      if (previous[at] !== -1) tryPair(previous[at]!);
    }
    for (let at = 0; at < count; at = next[at]!) ids.push(parts[at]!);
  }
}

/** A piece as a doubly linked list of parts; a part is named by its first byte's offset in the piece. */
class LinkedParts {
  readonly parts: Int32Array;
  readonly pairs: Int32Array;
  readonly next: Int32Array;
  readonly previous: Int32Array;
  readonly heap: PairHeap;

  constructor(bytes: number, work: Work) {
    this.parts = new Int32Array(bytes);
    this.pairs = new Int32Array(bytes);
    this.next = new Int32Array(bytes + 1);
    this.previous = new Int32Array(bytes + 1);
    this.heap = new PairHeap(bytes, work);
  }
}

/**
 * A binary heap of (token, position), lowest first. Entries are not removed when a pair changes: an entry counts only
 * while `pairs` still says the same of its position (a pair only grows, so it never comes back to an old token).
 */
class PairHeap {
  /** token · 2^31 + position: 49 bits, exact in a double. */
  private keys: Float64Array;
  private size = 0;
  private readonly work: Work;

  constructor(capacity: number, work: Work) {
    this.keys = new Float64Array(capacity);
    this.work = work;
  }

  push(token: number, position: number): void {
    if (this.size === this.keys.length) {
      const grown = new Float64Array(this.size * 2);
      grown.set(this.keys);
      this.keys = grown;
    }
    const { keys } = this;
    const key = token * 2 ** 31 + position;
    let hole = this.size++;
    while (hole > 0) {
      this.work.steps++;
      const parent = (hole - 1) >> 1;
      if (keys[parent]! <= key) break;
      keys[hole] = keys[parent]!;
      hole = parent;
    }
    keys[hole] = key;
  }

  /** The position of the lowest pair that still stands, taken out; -1 when none is left. */
  pop(pairs: Int32Array): number {
    while (this.size > 0) {
      const key = this.popKey();
      const token = Math.floor(key / 2 ** 31);
      const position = key - token * 2 ** 31;
      if (pairs[position] === token) return position;
    }
    return -1;
  }

  private popKey(): number {
    const { keys } = this;
    const lowest = keys[0]!;
    const size = --this.size;
    const key = keys[size]!;
    let hole = 0;
    for (;;) {
      this.work.steps++;
      let child = 2 * hole + 1;
      if (child >= size) break;
      if (child + 1 < size && keys[child + 1]! < keys[child]!) child++;
      if (keys[child]! >= key) break;
      keys[hole] = keys[child]!;
      hole = child;
    }
    keys[hole] = key;
    return lowest;
  }
}
