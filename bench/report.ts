// From raw rates to medians, ratios and tables. Pure. Must not know: runtimes, processes, files.

import type { Divergence } from "./divergence.ts";
import type { Parts } from "./protocol.ts";
import type { Series } from "./rounds.ts";

export interface Loads {
  readonly seconds: readonly number[];
  /** Bytes of linear memory with so many positions of KV. */
  readonly positions: number;
  readonly memoryBytes: number;
  /** Bytes of JavaScript objects and array buffers: the most that was seen, and what was held after a collection. */
  readonly heapPeak: number | null;
  readonly heapHeld: number | null;
}

export interface Result {
  readonly name: string;
  readonly version?: string;
  readonly series: Series;
  /** Of our engine alone. */
  readonly ours?: {
    readonly variant: string;
    readonly weightBytes: number;
    readonly loads: Loads;
    /** null: not computed, or itself the reference. */
    readonly divergence: Divergence | null;
    readonly splits: Readonly<Record<string, Parts>>;
  };
}

export type Ratios = Readonly<Record<string, number | null>>;

/**
 * The ratios of one of our results, to peers whose weights have as many bits; null where somebody did not take part.
 * Rounds are compared one by one.
 */
export function ratiosOf(ours: Result, all: readonly Result[]): Ratios {
  const peer = (name: string) => all.find((other) => other.name === name)?.series ?? {};
  const format = /^\w+ q8/.test(ours.name) ? "Q8_0" : "Q4_0";
  const llama = peer(`llama.cpp ${format}`);
  const wllama = peer(`wllama ${format}`);
  const { series } = ours;
  // wllama's long prompt takes minutes and is left out of a quick run; its rate does not depend on the length.
  const slowPrefill = wllama.prefill_512 ?? wllama.prefill_128;
  return {
    [`decode_vs_llamacpp_${format.toLowerCase()}`]: ratio(series.decode_128, llama.decode_128),
    [`prefill_vs_llamacpp_${format.toLowerCase()}`]: ratio(series.prefill_512, llama.prefill_512),
    decode_vs_roof: ratio(gigabytes(ours), roof(series)),
    decode_4096_vs_128: ratio(series.decode_4096, series.decode_128),
    streams8_vs_1: ratio(series.streams_8, series.decode_128),
    decode_vs_wllama: ratio(series.decode_128, wllama.decode_128),
    prefill_vs_wllama: ratio(series.prefill_512, slowPrefill),
  };
}

/** GB/s of weights that decoding reads, round by round. */
function gigabytes({ series, ours }: Result): number[] | undefined {
  return ours && series.decode_128?.map((rate) => (rate * ours.weightBytes) / 1e9);
}

/** GB/s of the fastest read of each round. */
function roof(series: Series): number[] | undefined {
  const reads = Object.entries(series).flatMap(([name, rates]) => (name.startsWith("read_") ? [rates] : []));
  return reads[0]?.map((_, round) => Math.max(...reads.map((rates) => rates[round]!)));
}

function ratio(a: readonly number[] | undefined, b: readonly number[] | undefined): number | null {
  if (!a?.length || !b?.length) return null;
  return a.length === b.length ? median(a.map((value, round) => value / b[round]!)) : median(a) / median(b);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Markdown: speeds, the machine's limits, loading and memory, ratios, and where the time of a step goes. */
export function tables(results: readonly Result[]): string {
  const ours = results.filter((result) => result.ours !== undefined);
  return [
    speeds(results),
    limits(ours),
    memory(ours),
    divergences(ours),
    ratios(ours, results),
    ...[...new Set(ours.flatMap(({ ours }) => Object.keys(ours!.splits)))].map((name) => split(ours, name)),
  ]
    .filter((table) => table !== "")
    .join("\n\n");
}

function speeds(results: readonly Result[]): string {
  const isSpeed = (name: string) => /^(decode|streams|prefill)_/.test(name);
  const order = ["decode", "streams", "prefill"];
  const names = [...new Set(results.flatMap(({ series }) => Object.keys(series).filter(isSpeed)))].sort((a, b) => {
    const [kindA = "", sizeA] = a.split("_");
    const [kindB = "", sizeB] = b.split("_");
    return order.indexOf(kindA) - order.indexOf(kindB) || Number(sizeA) - Number(sizeB);
  });
  const rows = results.map(({ name, series }) => [name, ...names.map((item) => spread(series[item]))]);
  return markdown(["tokens/s, median (least to most)", ...names.map((name) => name.replace("_", " "))], rows);
}

function limits(ours: readonly Result[]): string {
  const rows = ours.map((result) => {
    const { series } = result;
    const multiply = series.multiply;
    const share = (a: readonly number[] | undefined, b: readonly number[] | undefined) => percent(ratio(a, b));
    return [
      result.name,
      result.ours!.variant,
      ...[1, 2, 4, 8].map((streams) => spread(series[`read_${streams}`])),
      spread(roof(series)),
      share(gigabytes(result), roof(series)),
      spread(multiply),
      spread(series.gemv),
      spread(series.gemm),
      share(series.gemm, multiply),
    ];
  });
  const reads = [1, 2, 4, 8].map((streams) => `read ${streams}, GB/s`);
  const rest = ["roof, GB/s", "decode of roof", "multiply peak, GMAC/s", "GEMV", "GEMM", "GEMM of peak"];
  return markdown(["", "dot", ...reads, ...rest], rows);
}

function memory(ours: readonly Result[]): string {
  const rows = ours.map(({ name, ours, series }) => {
    const { loads, weightBytes } = ours!;
    const megabytes = (bytes: number | null) => (bytes === null ? "" : (bytes / 1e6).toFixed(1));
    const warm = Object.entries(series).find(([item]) => item.startsWith("warm_"));
    return [
      ...[name, loads.seconds.map((s) => s.toFixed(2)).join(", ")],
      ...[(weightBytes / 1e6 / median(loads.seconds)).toFixed(0), megabytes(loads.memoryBytes)],
      ...[`${loads.positions}`, megabytes(loads.heapPeak), megabytes(loads.heapHeld)],
      warm === undefined ? "" : `${spread(warm[1])} (${warm[0].slice(5)} tokens)`,
    ];
  });
  const head = ["", "load, s", "MB/s", "Wasm memory, MB", "KV positions", "JS heap, most, MB", "held, MB"];
  return markdown([...head, "warm prompt, ms"], rows);
}

/** What a format costs in quality beside what it gives in speed. */
function divergences(ours: readonly Result[]): string {
  const rows = ours.flatMap(({ name, ours, series }) => {
    const { divergence } = ours!;
    if (divergence === null) return [];
    const { kl, top1, against } = divergence;
    return [[name, spread(series.decode_128), `${kl.toFixed(4)} from ${against}`, `${(100 * top1).toFixed(1)} %`]];
  });
  return markdown(["", "decode 128, tokens/s", "mean KL divergence, nats", "same likeliest token"], rows);
}

function ratios(ours: readonly Result[], all: readonly Result[]): string {
  const found = ours.map((result) => ratiosOf(result, all));
  const names = [...new Set(found.flatMap(Object.keys))].sort();
  const rows = names.map((name) => [name, ...found.map((ratios) => ratios[name]?.toFixed(2) ?? "")]);
  return markdown(["ratio", ...ours.map(({ name }) => name)], rows);
}

/** What choosing a token costs. */
const SAMPLING = ["tile_sums", "top_k", "adjust", "sampler"];

function split(ours: readonly Result[], item: string): string {
  const columns = ours.filter(({ ours }) => item in ours!.splits);
  const parts = columns.map(({ ours }) => {
    const grouped = new Map<string, number>();
    for (const [name, ms] of Object.entries(ours!.splits[item]!)) {
      const group = SAMPLING.includes(name) ? "sampling" : name;
      grouped.set(group, (grouped.get(group) ?? 0) + ms);
    }
    return grouped;
  });
  const weight = (name: string) => Math.max(...parts.map((part) => part.get(name) ?? 0));
  const names = [...new Set(parts.flatMap((part) => [...part.keys()]))]
    .filter((name) => name !== "rest" && weight(name) >= 0.005)
    .sort((a, b) => weight(b) - weight(a));
  const rows = [...names, "rest"].map((name) => [name, ...parts.map((part) => (part.get(name) ?? 0).toFixed(2))]);
  const sums = parts.map((part) => [...part.values()].reduce((sum, ms) => sum + ms, 0).toFixed(2));
  const unit = item.startsWith("decode") ? "ms a step" : "ms a token";
  const head = [`${item.replace("_", " ")}, ${unit}`, ...columns.map(({ name }) => name)];
  return markdown(head, [...rows, ["sum", ...sums]]);
}

function spread(rates: readonly number[] | undefined): string {
  if (!rates?.length) return "";
  const show = (rate: number) => rate.toFixed(rate < 100 ? 1 : 0);
  const middle = show(median(rates));
  return rates.length === 1 ? middle : `${middle} (${show(Math.min(...rates))} to ${show(Math.max(...rates))})`;
}

function percent(share: number | null): string {
  return share === null ? "" : `${Math.round(share * 100)} %`;
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
