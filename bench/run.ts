// `npm run bench`: our engine in workerd, Deno and Node beside its peers and the machine's own limits, in one run.
// The way: read the options, pack, compile the roofs, compare, print tables and write them with the raw rounds and a
// chart. Must not know: how anything is measured.

import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { BLOCK_BYTES, type WeightFormat } from "../kernels/abi.ts";
import { findModel } from "../scripts/model-path.ts";
import { ensurePacked, readManifest } from "../scripts/pack/cache.ts";
import { parseChoice, parseInteger, UsageError } from "../scripts/usage.ts";
import { PREFILL_CHUNK } from "../src/chain/scheduler.ts";
import { chart } from "./chart.ts";
import { compare } from "./compare.ts";
import { FULL, QUICK } from "./plan.ts";
import { type Ratios, type Result, ratiosOf, tables } from "./report.ts";
import { compileRoofs } from "./roofs.ts";
import { RUNTIMES } from "./runtimes.ts";

const MODELS = ["qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b"];
const FORMATS = Object.keys(BLOCK_BYTES) as WeightFormat[];
const PEERS = ["llama", "wllama"] as const;
/** A quick run's end: of the rounds of 4-bit formats, and of the others'. */
const QUICK_MINUTES = [6.5, 8.5] as const;

const HELP = `Usage: npm run bench -- [OPTIONS]

  --model NAME|PATH  a GGUF file, or a packed folder (then without peers); several: one after the other
                     (default: ${MODELS.join(" and ")}; with --quick the first)
  --quick            the main figures, in less than ten minutes
  --json OUT         where the JSON goes, and nothing else is written
                     (default: bench/results/speed-MODEL.json, .md and .svg; with --quick nowhere)
  --save             keeps a quick run too, as bench/results/speed-MODEL-quick
  --runtime LIST     of ${RUNTIMES.join(", ")} (default: all)
  --format LIST      of ${FORMATS.join(", ")} (default: all)
  --peers LIST       of ${PEERS.join(", ")}, or none (default: all). LLAMA_BENCH names a llama-bench to take for llama
  --rounds N         (default: ${FULL.rounds}, with --quick ${QUICK.rounds})
  --rows N           rows of a frame (default: ${PREFILL_CHUNK}, as the server)`;

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const BUILD = join(ROOT, "build", "bench");
const RESULTS = join(ROOT, "bench", "results");

const { values } = parseArgs({
  options: {
    model: { type: "string", multiple: true },
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    save: { type: "boolean", default: false },
    runtime: { type: "string", default: RUNTIMES.join() },
    format: { type: "string", default: FORMATS.join() },
    peers: { type: "string", default: PEERS.join() },
    rounds: { type: "string" },
    rows: { type: "string", default: `${PREFILL_CHUNK}` },
    help: { type: "boolean", short: "h", default: false },
  },
});

interface Report {
  readonly machine: Readonly<Record<string, string | number>>;
  readonly model: string;
  readonly quick: boolean;
  readonly rows: number;
  /** What all of it took, packing and the peers' files too. */
  readonly seconds: number;
  /** Of workerd in q4, as the goals are set. */
  readonly ratios: Ratios;
  /** Of each of ours. */
  readonly all_ratios: Readonly<Record<string, Ratios>>;
  readonly results: readonly Result[];
}

try {
  if (values.help) console.log(HELP);
  else await bench();
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = 1;
}

async function bench(): Promise<void> {
  const started = Date.now();
  const choices = <Choice extends string>(option: "runtime" | "format" | "peers", all: readonly Choice[]) =>
    values[option] === "none" ? [] : values[option].split(",").map((name) => parseChoice(option, name, all));
  const runtimes = choices("runtime", RUNTIMES);
  const formats = choices("format", FORMATS);
  const peers = choices("peers", PEERS);
  const rows = parseInteger("rows", values.rows, { min: 1, max: 4096 });
  const base = values.quick ? QUICK : FULL;
  const rounds = values.rounds === undefined ? base.rounds : parseInteger("rounds", values.rounds, { min: 1, max: 99 });
  await mkdir(join(BUILD, "assets"), { recursive: true });
  const roofs = join(BUILD, "roofs.wasm");
  await writeFile(roofs, await compileRoofs());

  const reports: Report[] = [];
  let before = started;
  for (const name of values.model ?? (values.quick ? MODELS.slice(0, 1) : MODELS)) {
    const model = findModel(name);
    const packed = await readManifest(model);
    const folders = packed === null ? await packAll(model, formats) : { [packed.quant]: model };
    const [small, large] = QUICK_MINUTES.map((minutes) => started + minutes * 60_000);
    const results = await compare({
      ...{ folders, peers, runtimes, rows },
      gguf: packed === null ? model : undefined,
      plan: { ...base, rounds },
      place: { roofs, stateFolder: join(BUILD, "state") },
      ...(values.quick && { deadlines: [small!, large!] as const }),
      onNote: (line) => console.error(line),
    });
    const now = Date.now();
    const report = toReport(basename(model), { rows, seconds: (now - before) / 1000 }, results);
    before = now;
    reports.push(report);
    await show(report);
  }
  if (values.json !== undefined) await writeFile(values.json, json(reports.length === 1 ? reports[0] : reports));
}

async function packAll(model: string, formats: readonly WeightFormat[]): Promise<Record<string, string>> {
  const folders: Record<string, string> = {};
  for (const quant of formats) {
    folders[quant] = await ensurePacked(model, { quant, stages: 1, onNote: (line) => console.error(line) });
  }
  return folders;
}

function toReport(model: string, run: Pick<Report, "rows" | "seconds">, results: readonly Result[]): Report {
  const ours = results.filter((result) => result.ours !== undefined);
  const all = Object.fromEntries(ours.map((result) => [result.name, ratiosOf(result, results)]));
  return {
    machine: {
      cpu: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      dot: ours[0]?.ours?.variant ?? "none",
      date: new Date().toISOString(),
      commit: commit(),
    },
    ...{ model, quick: values.quick, ...run }, // a name: no path of this machine
    ratios: all["workerd q4"] ?? {},
    all_ratios: all,
    results,
  };
}

/** Prints a report; a full one is also kept, with its chart, and a quick one on request. */
async function show(report: Report): Promise<void> {
  const { machine, model, results } = report;
  const title = `${model.replace(/\.gguf$/, "")} on ${machine.cpu}, one thread each`;
  const versions = results.flatMap(({ name, version }) => (version ? [`${name}: ${version}`] : []));
  const notes = [
    `${machine.cores} cores, ${machine.dot} dot, frames of ${report.rows} rows; commit ${machine.commit}, ${machine.date}`,
    ...(versions.length > 0 ? [`Peers: ${versions.join("; ")}`] : []),
  ];
  const text = `# ${title}\n\n${notes.join(". ")}.\n\n${tables(results)}\n`;
  console.log(text);
  console.log(JSON.stringify({ ratios: report.ratios }));
  if (values.quick ? !values.save : values.json !== undefined) return;
  await mkdir(RESULTS, { recursive: true });
  const name = model.replace(/\.gguf$/, "").toLowerCase();
  const file = join(RESULTS, `speed-${name}${values.quick ? "-quick" : ""}`);
  await writeFile(`${file}.md`, text);
  await writeFile(`${file}.json`, json(report));
  await writeFile(`${file}.svg`, chart(title, results));
}

/** Six digits are more than a measure has. */
function json(value: unknown): string {
  const round = (_: string, each: unknown) =>
    typeof each === "number" && !Number.isInteger(each) ? Number(each.toPrecision(6)) : each;
  return `${JSON.stringify(value, round)}\n`;
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
