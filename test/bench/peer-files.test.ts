// installPeers(): who takes part in a bench when npm installs the peers' packages, and when it cannot.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { installPeers } from "../../bench/peer-files.ts";

/** A folder in the place of bench/, with these packages; LLAMA_BENCH is not set. */
function setUp(t: TestContext, ...packages: string[]): string {
  const before = process.env.LLAMA_BENCH;
  delete process.env.LLAMA_BENCH;
  const folder = mkdtempSync(join(tmpdir(), "qwen-edge-bench-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
    if (before === undefined) delete process.env.LLAMA_BENCH;
    else process.env.LLAMA_BENCH = before;
  });
  for (const name of packages) mkdirSync(join(folder, "node_modules", name), { recursive: true });
  return folder;
}

const fail = () => {
  throw new Error("Command failed: npm install --no-package-lock\nnpm error network");
};

test("installPeers() leaves out, in one line, whose packages npm cannot install", (t) => {
  const folder = setUp(t, "node-llama-cpp");
  const notes: string[] = [];
  const options = { folder, install: fail, onNote: (line: string) => notes.push(line) };
  assert.deepEqual(installPeers(["llama", "wllama"], options), ["llama"]);
  assert.deepEqual(notes, [
    "wllama left out: Command failed: npm install --no-package-lock; " +
      "to try again: npm install --prefix bench --no-package-lock",
  ]);
  assert.deepEqual(installPeers(["wllama"], options), []);
});

test("installPeers() asks npm only for packages that are missing and needed", (t) => {
  const folder = setUp(t, "@wllama/wllama");
  const asked: string[] = [];
  const install = (where: string) => asked.push(where);
  const onNote = (line: string) => assert.fail(line);
  assert.deepEqual(installPeers(["wllama"], { folder, install, onNote }), ["wllama"]);
  assert.deepEqual(installPeers([], { folder, install, onNote }), []);
  process.env.LLAMA_BENCH = "/usr/bin/llama-bench";
  assert.deepEqual(installPeers(["llama", "wllama"], { folder, install, onNote }), ["llama", "wllama"]);
  assert.deepEqual(asked, []);
  delete process.env.LLAMA_BENCH;
  assert.deepEqual(installPeers(["llama"], { folder, install, onNote }), ["llama"]);
  assert.deepEqual(asked, [folder]);
});
