// What one runtime makes of one packed model: prefill and decode through the chain, as a server runs them, and beside
// them, in the same rounds, how fast a core reads the same memory.
// Takes files, modules and a number of rounds; gives lines as they become known. Must not know: which runtime it is in.

import { KERNEL_BYTES } from "../kernels/abi.ts";
import { Chain } from "../src/chain/chain.ts";
import type { Session } from "../src/chain/session.ts";
import { type KernelModules, loadKernels, loadMath } from "../src/engine/kernels.ts";
import { loadStage } from "../src/engine/stage.ts";
import { parseManifest } from "../src/model/manifest.ts";
import { TimedKernels } from "./timed.ts";

export interface Source {
  readonly openFile: (name: string) => Promise<ReadableStream<Uint8Array>>;
  readonly modules: KernelModules;
  /** bench/read-loop.ts, compiled. */
  readonly read: WebAssembly.Module;
}

export type Line =
  | {
      readonly kind: "loaded";
      readonly variant: string;
      readonly seconds: number;
      readonly weightBytes: number;
      readonly memoryBytes: number;
    }
  /** GB/s by streams; tokens/s. */
  | {
      readonly kind: "round";
      readonly read: Readonly<Record<string, number>>;
      readonly decode: number;
      readonly prefill128: number;
      readonly prefill512: number;
    }
  /** Milliseconds of a decode step, and of a token of prefill, by tensor or kernel. */
  | { readonly kind: "split"; readonly what: "decode" | "prefill"; readonly parts: Readonly<Record<string, number>> };

type ReadLoop = (from: number, bytes: number) => number;

/** As the server's default (src/platform/engine.ts). */
const ROWS = 60;
const STEPS = 24;
/** workerd's clock ticks by the millisecond, and one pass takes few of them. */
const READ_PASSES = 8;
const LONG = 512;
const SHORT = 128;
const GREEDY = { temperature: 0, top: 1, topRaw: 0, adjustments: [], tile: -1, wanted: [] };

/** Loads a one-stage model and measures it. */
export async function* measure(source: Source, options: { rounds: number }): AsyncGenerator<Line> {
  const manifest = parseManifest(await new Response(await source.openFile("manifest.json")).json());
  const [stage] = manifest.stages;
  if (stage === undefined || manifest.stages.length > 1) throw new RangeError("The bench measures models of one stage");
  const limits = { rows: ROWS, kvPositions: 1024, context: 1024, budgetBytes: 2 ** 32, maxSessions: 1, queue: 1 };

  const started = performance.now();
  const bound: { memory: WebAssembly.Memory; timed: TimedKernels; variant: string }[] = [];
  const local = await loadStage(manifest, 0, {
    limits,
    fetchChunk: source.openFile,
    bindKernels: async (memory) => {
      const { kernels, variant } = await loadKernels(source.modules, memory);
      const timed = new TimedKernels(kernels, stage);
      bound.push({ memory, timed, variant });
      return timed.kernels;
    },
  });
  const { memory, timed, variant } = bound[0]!;
  const seconds = (performance.now() - started) / 1000;
  yield { kind: "loaded", variant, seconds, weightBytes: stage.bytes, memoryBytes: local.memoryBytes };

  const chain = new Chain({ manifest, stages: [local], math: await loadMath(source.modules.math), limits });
  const loops = (await WebAssembly.instantiate(source.read, { env: { memory } })).exports as Record<string, ReadLoop>;
  const ids = Array.from({ length: LONG }, (_, i) => (i * 7919 + 17) % manifest.tokenizer.tokens);

  const timeOf = async (work: () => unknown): Promise<number> => {
    const before = performance.now();
    await work();
    return (performance.now() - before) / 1000;
  };
  const withSession = async <T>(work: (session: Session) => Promise<T>): Promise<T> => {
    const session = await chain.open({ positions: LONG + STEPS, signal: new AbortController().signal });
    try {
      return await work(session);
    } finally {
      session.close();
    }
  };
  const prefill = (length: number) =>
    withSession(async (session) => length / (await timeOf(() => session.sync(ids.slice(0, length), GREEDY))));
  const decode = () =>
    withSession(async (session) => {
      await session.sync(ids.slice(0, SHORT), GREEDY);
      const all = await timeOf(async () => {
        for (let i = 0; i < STEPS; i++) await session.step(ids[SHORT + i]!, GREEDY);
      });
      return STEPS / all;
    });
  const reads = async () => {
    const found: Record<string, number> = {};
    for (const [name, loop] of Object.entries(loops)) {
      const seconds = await timeOf(() => {
        for (let pass = 0; pass < READ_PASSES; pass++) loop(KERNEL_BYTES, stage.bytes);
      });
      found[name.replace("read", "")] = (READ_PASSES * stage.bytes) / 1e9 / seconds;
    }
    return found;
  };

  // Engines compile hot code again while it runs: nothing is kept of the first rounds.
  await reads();
  await prefill(SHORT);
  await decode();
  for (let round = 0; round < options.rounds; round++) {
    const read = await reads();
    const decoded = await decode();
    yield { kind: "round", read, decode: decoded, prefill128: await prefill(SHORT), prefill512: await prefill(LONG) };
  }

  const split = (what: "decode" | "prefill", units: number, total: number): Line => {
    const spent = [...timed.stop()];
    const rest = total * 1000 - spent.reduce((sum, [, ms]) => sum + ms, 0);
    const parts = [...spent, ["rest", rest] as const].map(([name, ms]) => [name, ms / units] as const);
    return { kind: "split", what, parts: Object.fromEntries(parts) };
  };
  yield await withSession(async (session) => {
    await session.sync(ids.slice(0, SHORT), GREEDY);
    timed.start();
    const total = await timeOf(async () => {
      for (let i = 0; i < STEPS; i++) await session.step(ids[SHORT + i]!, GREEDY);
    });
    return split("decode", STEPS, total);
  });
  yield await withSession(async (session) => {
    timed.start();
    return split("prefill", LONG, await timeOf(() => session.sync(ids, GREEDY)));
  });
}
