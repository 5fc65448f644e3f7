// What a bench asks of an engine and what it is told: commands and answers, as JSON, one after the other.
// Owns the things that can be measured and their names. Pure. Must not know: engines, runtimes, clocks.
//
// Nothing here carries a time of its own: whoever asks holds the clock, since workerd's may stand still. So a measure is
// two commands. `prepare` does what is not timed (opens sessions, fills their KV, warms up); `run` does the work alone.

import type { KvFormat } from "../kernels/abi.ts";

export type Item =
  /** `steps` tokens, one after the other, behind `context` tokens. */
  | { readonly kind: "decode"; readonly context: number; readonly steps: number }
  /** A prompt of `length` tokens to its first candidates. */
  | { readonly kind: "prefill"; readonly length: number }
  /** `steps` tokens of each of `count` sessions side by side, each behind `context` tokens. */
  | { readonly kind: "streams"; readonly count: number; readonly context: number; readonly steps: number }
  /** A prompt of `length` tokens that another session has just computed, to its first candidates. */
  | { readonly kind: "warm"; readonly length: number }
  /** All weights once more, loaded and thrown away, as `streams` streams of addresses. */
  | { readonly kind: "read"; readonly streams: number }
  /** Dots of registers, as the loaded variant of the kernels computes them. */
  | { readonly kind: "multiply" }
  /** All matrices of the layers with one token, or with a whole frame of them. */
  | { readonly kind: "gemv" | "gemm" };

/** What `run` has done, in the item's unit (UNITS). */
export interface Done {
  readonly units: number;
}

export interface Loaded {
  /** The kernels that were chosen; empty where there is no choice. */
  readonly variant: string;
  readonly weightBytes: number;
  /** Bytes of linear memory: weights, KV pool, scratch. */
  readonly memoryBytes: number;
}

/** Milliseconds by tensor or kernel: of a decode step, or of a token of prefill. */
export type Parts = Readonly<Record<string, number>>;

/** Sizes of an engine of ours. */
export interface Sizes {
  /** Rows of a frame. */
  readonly rows: number;
  /** How the KV pool stores keys and values. */
  readonly kv: KvFormat;
  /** Positions of the KV pool. */
  readonly positions: number;
}

export type Command =
  | { readonly do: "ping" }
  | { readonly do: "load"; readonly sizes: Sizes }
  | { readonly do: "prepare"; readonly item: Item }
  | { readonly do: "run" }
  /** Runs an item with the engine's own clock around each of its parts. */
  | { readonly do: "split"; readonly item: Item }
  /** Bytes of JavaScript objects and array buffers, where the runtime tells; collects garbage before, if asked. */
  | { readonly do: "heap"; readonly collect: boolean };

export type Answer = { readonly ok: unknown } | { readonly error: string };

/** The name of an item in results: decode_128, prefill_512, streams_8, read_4, multiply … */
export function itemName(item: Item): string {
  switch (item.kind) {
    case "decode":
      return `decode_${item.context}`;
    case "prefill":
    case "warm":
      return `${item.kind}_${item.length}`;
    case "streams":
      return `streams_${item.count}`;
    case "read":
      return `read_${item.streams}`;
    default:
      return item.kind;
  }
}

/** Positions of the KV pool that an item needs. */
export function positionsOf(item: Item): number {
  const page = 32;
  switch (item.kind) {
    case "decode":
      return item.context + item.steps + page;
    case "streams":
      return item.count * (item.context + item.steps + 2 * page);
    case "prefill":
      return item.length + page;
    case "warm":
      return 2 * item.length + page;
    default:
      return 0;
  }
}
