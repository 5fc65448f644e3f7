// What is measured of whom, in a full run and in a quick one. Pure. Must not know: how.

import { type Item, positionsOf } from "./protocol.ts";

const decode = (context: number, steps: number): Item => ({ kind: "decode", context, steps });
const prefill = (length: number): Item => ({ kind: "prefill", length });
const streams = (count: number): Item => ({ kind: "streams", count, context: 128, steps: 24 });

/** Steps of a split behind 128 tokens: workerd's clock ticks by the millisecond, and a part of a step may take 0.1. */
const SPLIT_STEPS = 200;

/** Streams of addresses; the fastest of them is the roof. */
export const READ_STREAMS = [1, 2, 4, 8] as const;
const MACHINE: readonly Item[] = [
  ...READ_STREAMS.map((count): Item => ({ kind: "read", streams: count })),
  { kind: "multiply" },
  { kind: "gemv" },
  { kind: "gemm" },
];

export interface Plan {
  readonly rounds: number;
  /** Of our engine in workerd, where it is to be fast. */
  readonly first: readonly Item[];
  /** Of the same with KV in 8 bits. */
  readonly kv8: readonly Item[];
  /** Of our engine in the other runtimes. */
  readonly others: readonly Item[];
  readonly llama: readonly Item[];
  readonly wllama: readonly Item[];
  /** wllama takes minutes for what others do in a second. */
  readonly wllamaRounds: number;
  readonly splits: readonly Item[];
  /** Fresh processes in which loading is timed, for each runtime and format. */
  readonly loads: number;
  /** Whether the formats' divergence is computed beside their speed: minutes. */
  readonly divergence: boolean;
}

const ALL: readonly Item[] = [
  ...MACHINE,
  ...[decode(128, 64), decode(1024, 48), decode(4096, 32), decode(16_384, 16)],
  ...[streams(2), streams(4), streams(8)],
  ...[prefill(128), prefill(512), prefill(2048), { kind: "warm", length: 2048 } as const],
];

export const FULL: Plan = {
  rounds: 5,
  first: ALL,
  kv8: [decode(128, 64), decode(1024, 48), decode(4096, 32), decode(16_384, 16), prefill(512)],
  others: ALL,
  llama: [decode(128, 64), decode(1024, 48), decode(4096, 32), prefill(128), prefill(512), prefill(2048)],
  wllama: [decode(128, 64), prefill(512)],
  wllamaRounds: 1,
  splits: [decode(128, SPLIT_STEPS), decode(4096, 32), prefill(512)],
  loads: 3,
  divergence: true,
};

export const QUICK: Plan = {
  rounds: 3,
  first: [
    ...MACHINE,
    ...[
      decode(128, 64),
      decode(4096, 24),
      streams(8),
      prefill(128),
      prefill(512),
      { kind: "warm", length: 512 } as const,
    ],
  ],
  kv8: [decode(128, 64), decode(4096, 24)],
  others: [...MACHINE, decode(128, 32), prefill(512)],
  llama: [decode(128, 64), prefill(128), prefill(512)],
  wllama: [decode(128, 64)],
  wllamaRounds: 1,
  splits: [decode(128, SPLIT_STEPS), prefill(128)],
  loads: 1,
  divergence: false,
};

/** What our engine and llama.cpp do once before they are timed. */
export const WARM_UP: readonly Item[] = [decode(128, 8), prefill(128)];
export const OUR_WARM_UP: readonly Item[] = [...MACHINE, ...WARM_UP, streams(8)];
export const WLLAMA_WARM_UP: readonly Item[] = [decode(8, 4)];

/** Positions of the KV pool for the largest of these. */
export function positionsFor(items: readonly Item[]): number {
  return Math.max(...items.map(positionsOf));
}

/** Positions of the pool when memory and loading are measured: the most that a client may use by default. */
export const MEMORY_POSITIONS = 4096;
/** What is computed before the heap is looked at. */
export const MEMORY_ITEMS: readonly Item[] = [prefill(512), decode(2048, 16)];
