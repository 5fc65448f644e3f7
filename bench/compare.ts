// One model, everybody: our engine in each runtime and format beside llama.cpp natively and in a browser.
// Takes a model and what of it is wanted; gives results. Owns who shares rounds with whom: formats of about the same
// size do, so that not all of them lie in memory at once. Must not know: the command line, tables, files of results.

import type { KvFormat } from "../kernels/abi.ts";
import { type Candidate, type Ours, openLlama, openOurs, openWllama } from "./candidates.ts";
import { type Divergence, divergence } from "./divergence.ts";
import { formatOf, installPeers, type Peer, quantized } from "./peer-files.ts";
import {
  MEMORY_ITEMS,
  MEMORY_POSITIONS,
  OUR_WARM_UP,
  type Plan,
  positionsFor,
  WARM_UP,
  WLLAMA_WARM_UP,
} from "./plan.ts";
import { type Item, itemName, type Parts } from "./protocol.ts";
import type { Loads, Result } from "./report.ts";
import { playRounds, type Task } from "./rounds.ts";
import type { Place, Runtime } from "./runtimes.ts";

export interface Comparison {
  /** Of our engine: packed folders by format. */
  readonly folders: Readonly<Record<string, string>>;
  /** What the peers' files are made from; without it there are no peers. */
  readonly gguf: string | undefined;
  readonly peers: readonly Peer[];
  readonly runtimes: readonly Runtime[];
  readonly plan: Plan;
  /** Rows of a frame of ours. */
  readonly rows: number;
  readonly place: Omit<Place, "folder">;
  /** In a quick run only workerd measures formats of more than 4 bits, and none begins a round after its deadline. */
  readonly deadlines?: readonly [number, number];
  readonly onNote: (line: string) => void;
}

/** Measures; results come in the order ours, then peers, smaller formats first. */
export async function compare(comparison: Comparison): Promise<Result[]> {
  const { gguf, onNote } = comparison;
  const formats = Object.keys(comparison.folders);
  const peers = gguf === undefined ? [] : installPeers(comparison.peers, { onNote });
  const results: Result[] = [];
  for (const [i, small] of [true, false].entries()) {
    const group = formats.filter((format) => isSmall(format) === small);
    if (group.length === 0) continue;
    const runtimes =
      small || comparison.deadlines === undefined ? comparison.runtimes : comparison.runtimes.slice(0, 1);
    const files = peerFormats(gguf, small);
    results.push(...(await measureGroup({ ...comparison, peers, runtimes }, group, files, comparison.deadlines?.[i])));
  }
  return results;
}

function isSmall(format: string): boolean {
  return format.startsWith("q4");
}

/** The peers' files of a group: how each is called, and how it is had. */
function peerFormats(gguf: string | undefined, small: boolean): { format: string; file: () => string }[] {
  if (gguf === undefined) return [];
  const base = small ? "Q4_0" : "Q8_0";
  const found = [{ format: base, file: () => quantized(gguf, base) }];
  const own = formatOf(gguf);
  if (small && own?.startsWith("Q4_K")) found.push({ format: own, file: () => gguf });
  return found;
}

async function measureGroup(
  comparison: Comparison,
  formats: readonly string[],
  files: readonly { format: string; file: () => string }[],
  deadline: number | undefined,
): Promise<Result[]> {
  const { plan, runtimes, peers, onNote } = comparison;
  const open: Candidate[] = [];
  try {
    const ours: { entry: Entry; engine: Ours; loads: Loads }[] = [];
    const tasks: Task[] = [];
    for (const entry of entriesOf(formats, runtimes)) {
      const items = itemsOf(plan, entry);
      const loads = await measureLoads(comparison, entry);
      const positions = positionsFor([...items, ...OUR_WARM_UP, ...plan.splits]);
      const engine = await openEntry(comparison, entry, positions);
      open.push(engine);
      ours.push({ entry, engine, loads });
      tasks.push({ candidate: engine, items, warmUp: OUR_WARM_UP });
      onNote(`${engine.name}: ${engine.loaded.variant} dot, loaded in ${loads.seconds.map((s) => s.toFixed(2))} s`);
    }
    const join = async (work: () => Promise<Candidate>, task: Omit<Task, "candidate">) => {
      try {
        const candidate = await work();
        open.push(candidate);
        tasks.push({ candidate, isPeer: true, ...task });
        onNote(`${candidate.name}: ${candidate.version}`);
      } catch (error) {
        onNote(`a peer is missing: ${error instanceof Error ? error.message : error}`);
      }
    };
    for (const { format, file } of files) {
      const task = { items: plan.llama, warmUp: WARM_UP };
      if (peers.includes("llama")) await join(async () => openLlama(file(), format), task);
    }
    const [first] = files;
    if (first?.format === "Q4_0" && peers.includes("wllama")) {
      const task = { items: plan.wllama, rounds: plan.wllamaRounds, warmUp: WLLAMA_WARM_UP };
      await join(async () => openWllama(first.file(), first.format), task);
    }

    const series = await playRounds(tasks, { rounds: plan.rounds, deadline, onNote });
    const results: Result[] = [];
    for (const [i, { candidate }] of tasks.entries()) {
      const { name, version } = candidate;
      const mine = ours.find(({ engine }) => engine === candidate);
      const result: Result = { name, ...(version && { version }), series: series[i]! };
      if (mine === undefined) {
        results.push(result);
        continue;
      }
      const { variant, weightBytes } = mine.engine.loaded;
      const splits: Record<string, Parts> = {};
      for (const item of plan.splits) splits[itemName(item)] = await mine.engine.split(item);
      const distance = plan.divergence ? await divergenceOf(comparison, mine.entry) : null;
      results.push({ ...result, ours: { variant, weightBytes, loads: mine.loads, divergence: distance, splits } });
    }
    return results;
  } finally {
    for (const candidate of open) await candidate.close();
  }
}

/** Our engine in one runtime, with one format of weights and one of KV. */
interface Entry {
  readonly runtime: Runtime;
  readonly format: string;
  readonly kv: KvFormat;
}

/** KV in 8 bits is measured in workerd with the smaller weights alone: it is the same code everywhere. */
function entriesOf(formats: readonly string[], runtimes: readonly Runtime[]): Entry[] {
  return formats.flatMap((format) =>
    runtimes.flatMap((runtime): Entry[] => {
      const entry = { runtime, format, kv: "bf16" } as const;
      return runtime === "workerd" && isSmall(format) ? [entry, { ...entry, kv: "q8" }] : [entry];
    }),
  );
}

function itemsOf(plan: Plan, { runtime, kv }: Entry): readonly Item[] {
  if (kv === "q8") return plan.kv8;
  return runtime === "workerd" ? plan.first : plan.others;
}

/** From the finest packing there is, once for each format: bits are the same in every runtime. */
async function divergenceOf({ folders, runtimes }: Comparison, entry: Entry): Promise<Divergence | null> {
  const reference = folders.q8;
  const isReference = entry.format === "q8" && entry.kv === "bf16";
  if (reference === undefined || isReference || entry.runtime !== runtimes[0]) return null;
  return divergence(folders[entry.format]!, entry.kv, reference);
}

/** Loading and memory, in fresh processes with the KV pool of a server. */
async function measureLoads(comparison: Comparison, entry: Entry): Promise<Loads> {
  const seconds: number[] = [];
  let memoryBytes = 0;
  let heapPeak: number | null = null;
  let heapHeld: number | null = null;
  for (let i = 0; i < comparison.plan.loads; i++) {
    const engine = await openEntry(comparison, entry, MEMORY_POSITIONS);
    try {
      seconds.push(engine.seconds);
      memoryBytes = engine.loaded.memoryBytes;
      if (i > 0) continue;
      const seen = [await engine.heapBytes(false)];
      for (const item of MEMORY_ITEMS) {
        await engine.measure(item);
        seen.push(await engine.heapBytes(false));
      }
      const known = seen.filter((bytes) => bytes !== null);
      if (known.length > 0) heapPeak = Math.max(...known);
      heapHeld = await engine.heapBytes(true);
    } finally {
      await engine.close();
    }
  }
  return { seconds, positions: MEMORY_POSITIONS, memoryBytes, heapPeak, heapHeld };
}

function openEntry({ place, folders, rows }: Comparison, entry: Entry, positions: number): Promise<Ours> {
  const { runtime, format, kv } = entry;
  return openOurs(runtime, format, { ...place, folder: folders[format]!, rows, kv, positions });
}
