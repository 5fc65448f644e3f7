// The import table of docs/architecture.md, held. A folder may import what its row names, and itself.

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, normalize } from "node:path";
import { test } from "node:test";

const TABLE: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  completer: [],
  "kernels/formats": [],
  "kernels/abi": ["kernels/formats"],
  model: ["errors", "kernels/formats"],
  token: ["model", "errors"],
  prompt: ["completer", "errors", "@huggingface/jinja"],
  engine: ["model", "kernels/abi", "errors"],
  chain: ["engine", "model", "errors", "kernels/abi (types)"],
  sample: ["token", "errors", "chain (types)", "engine (types)", "kernels/abi (types)"],
  complete: ["completer", "model", "prompt", "token", "sample", "chain", "errors"],
  http: ["completer", "errors", "hono", "zod"],
  origin: ["completer", "errors", "hono", "zod"],
  config: ["errors", "zod"],
  app: ["http", "origin", "config", "completer", "errors", "hono"],
};

/** `src/http/chat.ts` -> `http`, `src/app.ts` -> `app`, `kernels/formats/q4.ts` -> `kernels/formats`. */
function unit(file: string): string {
  const [top, first = "", second] = file.split("/");
  if (top === "kernels") return `kernels/${first.replace(/\.ts$/, "")}`;
  return second === undefined ? first.replace(/\.ts$/, "") : first;
}

function imports(file: string): { target: string; isType: boolean }[] {
  const source = readFileSync(file, "utf8");
  const found: { target: string; isType: boolean }[] = [];
  for (const [, clause = "", from = ""] of source.matchAll(/^(?:import|export)\s([^;]*?)from\s+"([^"]+)";/gms)) {
    const names = clause
      .replace(/^type\s/, "")
      .replace(/[{}\s]/g, " ")
      .split(",")
      .map((n) => n.trim())
      .filter(Boolean);
    const isType = clause.startsWith("type ") || names.every((name) => name.startsWith("type "));
    found.push({ target: targetOf(file, from), isType });
  }
  for (const [, from = ""] of source.matchAll(/import\(\s*"([^"]+)"\s*\)/g))
    found.push({ target: targetOf(file, from), isType: false });
  return found;
}

/** The unit of a file's own kind, or the package. */
function targetOf(file: string, from: string): string {
  if (from.startsWith(".")) return unit(normalize(`${dirname(file)}/${from}`));
  return from.replace(/^(@[^/]+\/[^/]+|[^/]+).*/, "$1");
}

const files = [...globSync(["src/**/*.ts", "kernels/{abi,formats,formats/*}.ts"])]
  .filter((f) => !/^src\/(platform|web)\//.test(f))
  .sort();

for (const file of files) {
  test(`imports of ${file} stay within its row of the table`, () => {
    const self = unit(file);
    const row = TABLE[self];
    assert.ok(row, `${self} has no row in the table`);
    for (const { target, isType } of imports(file)) {
      const allowed = target === self || row.includes(target) || (isType && row.includes(`${target} (types)`));
      assert.ok(allowed, `${file} imports ${target}; ${self} may import: ${row.join(", ") || "nothing"}`);
    }
  });
}

const FAR_FROM_SCRIPTS = ["platform", "http"];

for (const file of globSync("scripts/**/*.ts").sort()) {
  test(`imports of ${file} are neither of platform nor of http`, () => {
    for (const { target } of imports(file)) {
      assert.ok(!FAR_FROM_SCRIPTS.includes(target), `${file} imports ${target}; scripts may import anything but that`);
    }
  });
}

// The page is a client like any other: it knows the service by its API alone.
const PAGE_PACKAGES = ["preact", "@preact/signals", "marked", "dompurify", "highlight.js"];

for (const file of globSync("src/web/**/*.{ts,tsx}").sort()) {
  test(`imports of ${file} are the page's own files and its packages`, () => {
    for (const { target } of imports(file)) {
      const isOwn = target === "web" || PAGE_PACKAGES.includes(target);
      assert.ok(isOwn, `${file} imports ${target}; the page may import: web, ${PAGE_PACKAGES.join(", ")}`);
    }
  });
}

test("the page is imported by nobody in src", () => {
  for (const file of files) {
    for (const { target } of imports(file)) assert.notEqual(target, "web", `${file} imports web`);
  }
});

test("platform is imported by nobody in src", () => {
  for (const file of files) {
    for (const { target } of imports(file)) assert.notEqual(target, "platform", `${file} imports platform`);
  }
});
