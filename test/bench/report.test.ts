import assert from "node:assert/strict";
import { test } from "node:test";
import type { Line } from "../../bench/measure.ts";
import { fold, table } from "../../bench/report.ts";

const loaded: Line = { kind: "loaded", variant: "i32", seconds: 1.5, weightBytes: 5e8, memoryBytes: 6e8 };
const round = (read: number, decode: number): Line => ({
  kind: "round",
  read: { 1: read / 2, 4: read },
  ...{ decode, prefill128: 2 * decode, prefill512: 3 * decode },
});
const split: Line = { kind: "split", what: "decode", parts: { up_proj: 3, head: 4, add: 0.001, rest: 1 } };

test("fold() takes medians, and decode's share of the roof from the same round's best read", () => {
  // A slow moment of the machine: both halve in the third round, the share does not.
  const result = fold("node", "q8", [loaded, round(20, 30), round(20, 32), round(10, 16)]);
  assert.equal(result.decode, 30);
  assert.equal(result.prefill512, 90);
  assert.equal(result.readRoof, 20);
  assert.equal(result.share, 0.8); // 0.75, 0.8, 0.8
});

test("fold() rejects a run without a round", () => {
  assert.throws(() => fold("node", "q8", [loaded]), TypeError);
});

test("table() shows a step's parts largest first, the rest and the sum last", () => {
  const rows = table([fold("node", "q8", [loaded, round(20, 30), split])]).split("\n");
  const parts = rows.slice(rows.findIndex((row) => row.startsWith("| decode, ms a step")) + 2);
  assert.deepEqual(parts.slice(0, 4), ["| head | 4.00 |", "| up_proj | 3.00 |", "| rest | 1.00 |", "| sum | 8.00 |"]);
});
