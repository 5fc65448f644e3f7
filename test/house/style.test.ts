// House rules that a script can hold: file sizes, names that say nothing, headers, runtimes' names outside platform/.

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";

const code = globSync(["src/**/*.{ts,tsx}", "kernels/**/*.ts", "scripts/**/*.ts"]).sort();
const lines = (file: string) => readFileSync(file, "utf8").split("\n");

test("code files and tests stay below 300 lines", () => {
  const all = [...code, ...globSync(["test/**/*.ts", "bench/*.ts"])];
  const long = all.filter((file) => lines(file).length > 301);
  assert.deepEqual(long, []);
});

test("no file is called utils, helpers, types, common or misc", () => {
  const vague = code.filter((file) => /(^|\/)(utils?|helpers?|types|common|misc)(\/|\.tsx?$)/.test(file));
  assert.deepEqual(vague, []);
});

test("every code file opens with a comment that says what it owns", () => {
  const bare = code.filter((file) => !lines(file)[0]?.startsWith("//") && !lines(file)[0]?.startsWith("#!"));
  assert.deepEqual(bare, []);
});

test("no runtime is named outside platform, scripts and the kernels' build", () => {
  const core = code.filter((file) => file.startsWith("src/") && !file.startsWith("src/platform/"));
  const named = core.filter((file) => /"(node:|cloudflare:)|\bDeno\.|\bprocess\./.test(readFileSync(file, "utf8")));
  assert.deepEqual(named, []);
});

test("no tensor or sampler uses the engine's transcendental functions", () => {
  const core = code.filter((file) => /^src\/(engine|chain|sample)\//.test(file));
  const used = core.filter((file) => /Math\.(exp|log|pow|sin|cos|tanh|log2|expm1)\b/.test(readFileSync(file, "utf8")));
  assert.deepEqual(used, []);
});
