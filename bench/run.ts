// `npm run bench`: decode and prefill of one model in q4 and q8, in workerd, Deno and Node, beside the read roof.
// The way: read the options, pack, compile the read loop, run each runtime in a fresh process, print the table; the last
// line is JSON. Must not know: how anything is measured.

import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findModel } from "../scripts/model-path.ts";
import { ensurePacked, readManifest } from "../scripts/pack/cache.ts";
import { parseChoice, UsageError } from "../scripts/usage.ts";
import type { Line } from "./measure.ts";
import { compileReadLoop } from "./read-loop.ts";
import { fold, type Result, table } from "./report.ts";
import { RUNTIMES, runIn } from "./runtimes.ts";

const HELP = `Usage: npm run bench -- [OPTIONS]

  --model NAME|PATH  a GGUF file (measured in q4 and q8) or a packed folder (default: qwen2.5-coder-0.5b)
  --runtime LIST     of workerd, deno, node, separated by commas (default: all)
  --quick            one round instead of five
  --save             also write bench/results/first-measure.md and .json`;

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const BUILD = join(ROOT, "build", "bench");
const QUANTS = ["q4", "q8"] as const;

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "qwen2.5-coder-0.5b" },
    runtime: { type: "string", default: RUNTIMES.join() },
    quick: { type: "boolean", default: false },
    save: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

try {
  if (values.help) console.log(HELP);
  else await bench();
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = 1;
}

async function bench(): Promise<void> {
  const runtimes = values.runtime.split(",").map((name) => parseChoice("runtime", name, RUNTIMES));
  const model = findModel(values.model);
  const folders = (await readManifest(model)) ? [model] : await packAll(model);
  await mkdir(join(BUILD, "assets"), { recursive: true });
  const readLoop = join(BUILD, "read.wasm");
  await writeFile(readLoop, await compileReadLoop());

  const results: Result[] = [];
  for (const folder of folders) {
    const { quant } = (await readManifest(folder))!;
    for (const runtime of runtimes) {
      const job = { folder, readLoop, rounds: values.quick ? 1 : 5, stateFolder: join(BUILD, "state") };
      const lines: Line[] = [];
      for await (const line of runIn(runtime, job)) {
        lines.push(line);
        console.error(`${runtime} ${quant}: ${describe(line)}`);
      }
      results.push(fold(runtime, quant, lines));
    }
  }
  const machine = {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    date: new Date().toISOString(),
    commit: commit(),
  };
  const title = `${machine.cpu}, ${machine.cores} cores, one thread each; commit ${machine.commit}, ${machine.date}`;
  const text = `${title}\n\n${table(results)}\n`;
  const json = JSON.stringify({ machine, model: basename(model), results }); // no path of this machine
  console.log(`${text}\n${json}`);
  if (values.save) {
    await writeFile(join(ROOT, "bench", "results", "first-measure.md"), `# A first measure\n\n${text}`);
    await writeFile(join(ROOT, "bench", "results", "first-measure.json"), `${json}\n`);
  }
}

async function packAll(model: string): Promise<string[]> {
  const folders: string[] = [];
  for (const quant of QUANTS) folders.push(await ensurePacked(model, { quant, onNote: (line) => console.error(line) }));
  return folders;
}

function describe(line: Line): string {
  switch (line.kind) {
    case "loaded":
      return `loaded in ${line.seconds.toFixed(1)} s, ${line.variant} dot`;
    case "round":
      return (
        `decode ${line.decode.toFixed(1)}, prefill ${line.prefill128.toFixed(1)} and ${line.prefill512.toFixed(1)} tokens/s, ` +
        `read ${Object.entries(line.read)
          .map(([streams, rate]) => `${streams}: ${rate.toFixed(1)}`)
          .join(", ")} GB/s`
      );
    case "split":
      return `took ${line.what} apart`;
  }
}

/** The commit, with a + when files differ from it. */
function commit(): string {
  try {
    const git = (...args: string[]) => execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim();
    return `${git("rev-parse", "--short", "HEAD")}${git("status", "--porcelain", "--untracked-files=no") ? "+" : ""}`;
  } catch {
    return "unknown";
  }
}
