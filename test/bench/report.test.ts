import assert from "node:assert/strict";
import { test } from "node:test";
import { chart } from "../../bench/chart.ts";
import { type Result, ratiosOf, tables } from "../../bench/report.ts";
import type { Series } from "../../bench/rounds.ts";

const loads = { seconds: [1.5, 1], positions: 4096, memoryBytes: 6e8, heapPeak: 2e7, heapHeld: 5e6 };
const splits = { decode_128: { up_proj: 3, head: 4, top_k: 0.5, sampler: 0.25, add: 0.001, rest: 1 } };
const ours = (series: Series): Result => ({
  name: "workerd q4",
  series,
  ours: { variant: "i32", weightBytes: 5e8, loads, divergence: null, splits },
});
const peer = (name: string, series: Series): Result => ({ name, series });

test("ratiosOf() compares round by round, so that a slow moment of the machine hits both sides", () => {
  const fast = ours({
    decode_128: [60, 62, 31],
    read_1: [20, 20, 10],
    read_4: [40, 40, 20],
    streams_8: [90, 93, 46.5],
  });
  const ratios = ratiosOf(fast, [fast, peer("llama.cpp Q4_0", { decode_128: [48, 50, 25] })]);
  assert.equal(ratios.decode_vs_llamacpp_q4_0, 1.24);
  assert.equal(ratios.decode_vs_roof, 0.775); // of the best read of each round: 0.75, 0.775, 0.775
  assert.equal(ratios.streams8_vs_1, 1.5);
});

test("ratiosOf() says null for who did not take part, and takes wllama's shorter prompt where there is no long one", () => {
  const fast = ours({ decode_128: [60, 60], prefill_512: [200, 240] });
  const ratios = ratiosOf(fast, [peer("wllama Q4_0", { decode_128: [3], prefill_128: [4] })]);
  assert.equal(ratios.prefill_vs_llamacpp_q4_0, null);
  assert.equal(ratios.decode_4096_vs_128, null);
  assert.equal(ratios.decode_vs_wllama, 20);
  assert.equal(ratios.prefill_vs_wllama, 55);
});

test("ratiosOf() compares weights of 8 bits with Q8_0", () => {
  const large = { ...ours({ decode_128: [30] }), name: "workerd q8" };
  const ratios = ratiosOf(large, [
    peer("llama.cpp Q4_0", { decode_128: [50] }),
    peer("llama.cpp Q8_0", { decode_128: [25] }),
  ]);
  assert.equal(ratios.decode_vs_llamacpp_q8_0, 1.2);
  assert.ok(!("decode_vs_llamacpp_q4_0" in ratios));
  const smallWithKv = { ...ours({}), name: "workerd q4, KV q8" };
  assert.ok("decode_vs_llamacpp_q4_0" in ratiosOf(smallWithKv, []));
});

test("tables() shows a step's parts largest first, sampling as one, the rest and the sum last", () => {
  const rows = tables([ours({ decode_128: [30] })]).split("\n");
  const parts = rows.slice(rows.findIndex((row) => row.startsWith("| decode 128, ms a step")) + 2);
  assert.deepEqual(parts, [
    "| head | 4.00 |",
    "| up_proj | 3.00 |",
    "| sampling | 0.75 |",
    "| rest | 1.00 |",
    "| sum | 8.75 |",
  ]);
});

test("tables() orders speeds by kind, then size, and shows the spread of the rounds", () => {
  const [head, , row] = tables([ours({ prefill_512: [200], decode_1024: [50], decode_128: [60, 62, 58] })]).split("\n");
  assert.match(head!, /decode 128 \| decode 1024 \| prefill 512 \|$/);
  assert.equal(row, "| workerd q4 | 60.0 (58.0 to 62.0) | 50.0 | 200 |");
});

test("chart() draws a bar for each rate, the fastest longest, and escapes names", () => {
  const svg = chart("a < b", [ours({ decode_128: [60] }), peer("llama.cpp Q4_0", { decode_128: [30] })]);
  const widths = [...svg.matchAll(/<rect class="(\w+)"[^>]* width="([\d.]+)"/g)].map(([, who, width]) => [who, width]);
  assert.deepEqual(widths, [
    ["ours", "530.0"],
    ["peer", "265.0"],
  ]);
  assert.ok(svg.includes("a &#60; b"));
});

test("chart() says so where a shorter prompt stands among those of 512 tokens", () => {
  const long = ours({ prefill_128: [140], prefill_512: [130] });
  const svg = chart("", [long, peer("wllama Q4_0", { prefill_128: [4.4] })]);
  const labels = [...svg.matchAll(/class="label"[^>]*>([^<]*)</g)].map(([, label]) => label);
  assert.deepEqual(labels, ["workerd q4", "wllama Q4_0 (128)"]);
});
