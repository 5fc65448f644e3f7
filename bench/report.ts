// From measured lines to numbers and a table. Pure. Medians, with the raw rounds beside them in the JSON.
// Must not know: runtimes, processes, files.

import type { Line } from "./measure.ts";

export interface Result {
  readonly runtime: string;
  readonly quant: string;
  readonly variant: string;
  readonly loadSeconds: number;
  readonly weightBytes: number;
  readonly memoryBytes: number;
  /** GB/s: the median of each round's best count of streams. */
  readonly readRoof: number;
  /** Tokens/s, medians. */
  readonly decode: number;
  readonly prefill128: number;
  readonly prefill512: number;
  /** Decode's weight bytes a second as a share of the same round's best read: the median. */
  readonly share: number;
  readonly lines: readonly Line[];
}

/** @throws {TypeError} when a run gave no round */
export function fold(runtime: string, quant: string, lines: readonly Line[]): Result {
  const loaded = lines.find((line) => line.kind === "loaded");
  const rounds = lines.filter((line) => line.kind === "round");
  if (loaded === undefined || rounds.length === 0) throw new TypeError(`${runtime} measured nothing`);
  const best = (round: { read: Readonly<Record<string, number>> }) => Math.max(...Object.values(round.read));
  return {
    ...{ runtime, quant, variant: loaded.variant, loadSeconds: loaded.seconds },
    ...{ weightBytes: loaded.weightBytes, memoryBytes: loaded.memoryBytes },
    readRoof: median(rounds.map(best)),
    decode: median(rounds.map((round) => round.decode)),
    prefill128: median(rounds.map((round) => round.prefill128)),
    prefill512: median(rounds.map((round) => round.prefill512)),
    share: median(rounds.map((round) => (round.decode * loaded.weightBytes) / 1e9 / best(round))),
    lines,
  };
}

/** Markdown: speeds, then where the time of a step goes. */
export function table(results: readonly Result[]): string {
  const speed = results.map((r) => [
    ...[r.runtime, r.quant, r.variant, r.readRoof.toFixed(1), r.decode.toFixed(1), r.share.toFixed(2)],
    ...[
      r.prefill128.toFixed(1),
      r.prefill512.toFixed(1),
      (r.prefill512 / r.decode).toFixed(2),
      r.loadSeconds.toFixed(1),
    ],
  ]);
  const head = [
    ...["Runtime", "Weights", "Dot", "Read GB/s", "Decode tok/s", "Share of roof"],
    ...["Prefill 128 tok/s", "Prefill 512 tok/s", "Prefill 512 / decode", "Load s"],
  ];
  return [markdown(head, speed), split(results, "decode", "ms a step"), split(results, "prefill", "ms a token")].join(
    "\n\n",
  );
}

function split(results: readonly Result[], what: "decode" | "prefill", unit: string): string {
  const found = results.map(({ lines }) => lines.find((line) => line.kind === "split" && line.what === what));
  const parts = found.map((line) => (line?.kind === "split" ? line.parts : {}));
  const names = [...new Set(parts.flatMap((part) => Object.keys(part)))];
  const weight = (name: string) => Math.max(...parts.map((part) => part[name] ?? 0));
  const rows = names
    .filter((name) => name !== "rest" && weight(name) >= 0.005)
    .sort((a, b) => weight(b) - weight(a))
    .concat("rest")
    .map((name) => [name, ...parts.map((part) => (part[name] ?? 0).toFixed(2))]);
  const sums = parts.map((part) =>
    Object.values(part)
      .reduce((sum, ms) => sum + ms, 0)
      .toFixed(2),
  );
  return markdown([`${what}, ${unit}`, ...results.map((r) => `${r.runtime} ${r.quant}`)], [...rows, ["sum", ...sums]]);
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
