#!/usr/bin/env node
// The command `qwen-edge`, in plain JavaScript: the rest is TypeScript, which only a newer Node runs by itself.
// Takes any Node from 20 on; goes on under the one that npm installed where this one is too old for wrangler, for
// TypeScript and for relaxed SIMD. Must not know: the commands.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const OLDEST = 24;

if (Number(process.versions.node.split(".")[0]) >= OLDEST) {
  const { main } = await import("./cli.ts");
  process.exitCode = await main(process.argv.slice(2));
} else {
  const node = fileURLToPath(new URL("../node_modules/node/bin/node", import.meta.url));
  const cli = fileURLToPath(import.meta.url);
  if (!existsSync(node)) {
    console.error(`Node ${OLDEST} is needed, this is ${process.versions.node}; run npm install first, it brings one`);
    process.exit(1);
  }
  const child = spawn(node, [cli, ...process.argv.slice(2)], { stdio: "inherit" });
  // A terminal's Ctrl-C reaches the child by itself; a signal sent to this process must be handed on.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
