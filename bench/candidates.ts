// Who takes part in a round: our engine in a runtime, llama.cpp natively, llama.cpp in a browser, all asked alike.
// Takes where each is to be found; gives Candidates, whose measures are rates by a clock of this process.
// Must not know: what is asked of whom, how often, how it is shown.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Done, Item, Loaded, Parts, Sizes } from "./protocol.ts";
import { itemName } from "./protocol.ts";
import { type Line, type Place, type Runtime, start, startProcess } from "./runtimes.ts";
import { startWllama } from "./wllama.ts";

/** Rates by item: tokens/s, GB/s for reads, GMAC/s for kernels and the multiply loop, milliseconds for a warm prompt. */
export type Rates = Readonly<Record<string, number>>;

export interface Candidate {
  /** As in results: "workerd q4", "llama.cpp Q4_0". */
  readonly name: string;
  readonly version?: string;
  /** One measure; more than one rate where they cannot be had apart. */
  measure(item: Item): Promise<Rates>;
  close(): Promise<void>;
}

/** Our engine, loaded. */
export interface Ours extends Candidate {
  readonly loaded: Loaded;
  readonly seconds: number;
  split(item: Item): Promise<Parts>;
  heapBytes(collect: boolean): Promise<number | null>;
}

const PINGS = 21;

/** Starts our engine in a fresh process and loads a packed model there. */
export async function openOurs(runtime: Runtime, format: string, options: Place & Sizes): Promise<Ours> {
  const line = await start(runtime, options);
  try {
    const { rows, kv, positions } = options;
    const overhead = await pingSeconds(line);
    const started = performance.now();
    const loaded = (await line.ask({ do: "load", sizes: { rows, kv, positions } })) as Loaded;
    const seconds = (performance.now() - started) / 1000 - overhead;
    return {
      name: kv === "bf16" ? `${runtime} ${format}` : `${runtime} ${format}, KV ${kv}`,
      loaded,
      seconds,
      measure: (item) => measureBy(line, item, overhead),
      split: async (item) => (await line.ask({ do: "split", item })) as Parts,
      heapBytes: (collect) => line.heapBytes(collect),
      close: () => line.close(),
    };
  } catch (error) {
    await line.close();
    throw error;
  }
}

/** llama.cpp natively: by the llama-bench that LLAMA_BENCH names, else by npm's node-llama-cpp. */
export function openLlama(file: string, format: string): Promise<Candidate> {
  const program = process.env.LLAMA_BENCH;
  return program ? openLlamaBench(program, file, format) : openNodeLlama(file, format);
}

async function openNodeLlama(file: string, format: string): Promise<Candidate> {
  const script = fileURLToPath(new URL("llama-peer.ts", import.meta.url));
  const line = await startProcess("llama.cpp", process.execPath, ["--no-warnings", script, file]);
  try {
    const overhead = await pingSeconds(line);
    const { dependencies } = (await import("./package.json", { with: { type: "json" } })).default;
    return {
      name: `llama.cpp ${format}`,
      version: `node-llama-cpp ${dependencies["node-llama-cpp"]}`,
      measure: (item) => measureBy(line, item, overhead),
      close: () => line.close(),
    };
  } catch (error) {
    await line.close();
    throw error;
  }
}

/** A process for each measure: it loads the file, warms up and says its own rate. */
async function openLlamaBench(program: string, file: string, format: string): Promise<Candidate> {
  const bench = async (...args: string[]): Promise<BenchLine> => {
    const all = ["-m", file, "-t", "1", "-ngl", "0", "-r", "1", "-o", "json", ...args];
    const { stdout } = await promisify(execFile)(program, all);
    const [line] = JSON.parse(stdout) as BenchLine[];
    if (line === undefined) throw new Error(`${program} measured nothing`);
    return line;
  };
  const { build_commit, build_number } = await bench("-p", "8", "-n", "0");
  return {
    name: `llama.cpp ${format}`,
    version: `llama-bench b${build_number} ${build_commit}`,
    measure: async (item) => {
      const length =
        item.kind === "prefill"
          ? ["-p", `${item.length}`, "-n", "0"]
          : item.kind === "decode"
            ? ["-p", "0", "-n", `${item.steps}`, "-d", `${item.context}`]
            : null;
      if (length === null) throw new TypeError(`llama-bench is not asked for ${item.kind}`);
      return { [itemName(item)]: (await bench(...length)).avg_ts };
    },
    close: async () => {},
  };
}

/** Of llama-bench's JSON. */
interface BenchLine {
  readonly build_commit: string;
  readonly build_number: number;
  /** Tokens/s. */
  readonly avg_ts: number;
}

/** wllama; asked to decode it also says how long the prompt took. */
export async function openWllama(file: string, format: string): Promise<Candidate> {
  const wllama = await startWllama(file);
  return {
    name: `wllama ${format}`,
    version: wllama.version,
    measure: async (item) => {
      if (item.kind === "prefill") {
        return { [itemName(item)]: (await wllama.complete(item.length, 1)).prefill };
      }
      if (item.kind !== "decode") throw new TypeError(`wllama is not asked for ${item.kind}`);
      const { prefill, decode } = await wllama.complete(item.context, item.steps);
      return { [itemName(item)]: decode, [itemName({ kind: "prefill", length: item.context })]: prefill };
    },
    close: () => wllama.close(),
  };
}

/** Asks, waits, and takes the time from outside: workerd's own clock may stand still. */
async function measureBy(line: Line, item: Item, overhead: number): Promise<Rates> {
  await line.ask({ do: "prepare", item });
  const started = performance.now();
  const { units } = (await line.ask({ do: "run" })) as Done;
  const seconds = (performance.now() - started) / 1000 - overhead;
  const scale = item.kind === "read" || item.kind === "multiply" || item.kind.startsWith("gem") ? 1e9 : 1;
  return { [itemName(item)]: item.kind === "warm" ? seconds * 1000 : units / scale / seconds };
}

/** What asking costs by itself: the median. */
async function pingSeconds(line: Line): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < PINGS; i++) {
    const started = performance.now();
    await line.ask({ do: "ping" });
    times.push((performance.now() - started) / 1000);
  }
  return times.sort((a, b) => a - b)[PINGS >> 1]!;
}
