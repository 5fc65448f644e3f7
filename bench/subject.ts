// Our engine as a bench asks for it, inside one runtime: the chain over one stage, as a server runs them, and beside them
// the machine's limits over the same memory.
// Takes files, modules and commands; gives answers. Must not know: which runtime it is in, what time it is (but for a
// split, which needs a clock that runs while code runs: none does when deployed).

import { BLOCK_BYTES, KERNEL_BYTES, type Kernels, type WeightFormat } from "../kernels/abi.ts";
import { Chain } from "../src/chain/chain.ts";
import type { Session } from "../src/chain/session.ts";
import { GREEDY } from "../src/engine/frame.ts";
import { type KernelModules, loadKernels, loadMath, type Variant } from "../src/engine/kernels.ts";
import { layoutStage, type StageLayout } from "../src/engine/layout.ts";
import { loadStage } from "../src/engine/stage.ts";
import { type Manifest, parseManifest, type StageManifest } from "../src/model/manifest.ts";
import { createSampler } from "../src/sample/sampler.ts";
import { loadVocab, type Vocab } from "../src/token/vocab.ts";
import type { Command, Done, Item, Loaded, Parts, Sizes } from "./protocol.ts";
import { SwitchedKernels } from "./switched.ts";

export interface Source {
  readonly openFile: (name: string) => Promise<ReadableStream<Uint8Array>>;
  readonly modules: KernelModules;
  /** bench/roofs.ts, compiled. */
  readonly roofs: WebAssembly.Module;
  /** Bytes of JavaScript objects and array buffers; undefined where only somebody outside can tell. */
  readonly heapBytes?: () => number;
}

type Roofs = Record<string, (...args: number[]) => number>;

/** What a loaded model is made of. */
interface Engine {
  readonly manifest: Manifest;
  readonly stage: StageManifest;
  readonly layout: StageLayout;
  readonly sizes: Sizes;
  readonly chain: Chain;
  readonly switched: SwitchedKernels;
  readonly kernels: Kernels;
  readonly variant: Variant;
  readonly roofs: Roofs;
}

/** Passes over the weights in one read: a clock outside ticks coarsely beside one pass. */
const READ_PASSES = 8;
/** Turns of a multiply loop in one call, and calls: V8 swaps in the fast code between calls. */
const TURNS = 2 ** 20;
const MULTIPLY_CALLS = 32;
/** The family's defaults (src/sample/defaults.ts), for where a step's time goes. */
const SAMPLED = { temperature: 0.7, topK: 20, topP: 0.8, minP: 0, repetitionPenalty: 1.1 };

export class Subject {
  readonly #source: Source;
  #engine: Engine | undefined;
  #vocab: Vocab | undefined;
  #sessions: Session[] = [];
  #run: () => Promise<Done> = () => Promise.reject(new TypeError("Prepare an item first"));

  constructor(source: Source) {
    this.#source = source;
  }

  /** The answer to one command. */
  async obey(command: Command): Promise<unknown> {
    switch (command.do) {
      case "ping":
        return null;
      case "load":
        return this.#load(command.sizes);
      case "prepare":
        this.#close();
        this.#run = await this.#prepare(command.item);
        return null;
      case "run":
        return this.#run();
      case "split":
        this.#close();
        return this.#split(command.item);
      case "heap":
        return this.#heap(command.collect);
    }
  }

  async #load(sizes: Sizes): Promise<Loaded> {
    const { openFile, modules, roofs } = this.#source;
    const manifest = parseManifest(await new Response(await openFile("manifest.json")).json());
    const [stage] = manifest.stages;
    if (stage === undefined || manifest.stages.length > 1)
      throw new RangeError("The bench measures models of one stage");
    const context = sizes.positions;
    const pool = { kvPositions: context, kvFormat: sizes.kv, context, budgetBytes: 2 ** 32 };
    const limits = { rows: sizes.rows, ...pool, maxSessions: 64, queue: 0 };
    let bound: Pick<Engine, "switched" | "variant" | "kernels" | "roofs"> | undefined;
    const local = await loadStage(manifest, 0, {
      limits,
      fetchChunk: openFile,
      bindKernels: async (memory) => {
        const { kernels, variant } = await loadKernels(modules, memory);
        const switched = new SwitchedKernels(kernels, memory, stage);
        const { exports } = await WebAssembly.instantiate(roofs, { env: { memory } });
        bound = { switched, variant, kernels, roofs: exports as Roofs };
        return switched.kernels;
      },
    });
    const chain = new Chain({ manifest, stages: [local], math: await loadMath(modules.math), limits });
    this.#engine = { manifest, stage, layout: layoutStage(manifest, stage, limits), sizes, chain, ...bound! };
    return { variant: this.#loaded.variant, weightBytes: stage.bytes, memoryBytes: local.memoryBytes };
  }

  async #prepare(item: Item): Promise<() => Promise<Done>> {
    switch (item.kind) {
      case "decode":
        return this.#streams(1, item);
      case "streams":
        return this.#streams(item.count, item);
      case "prefill": {
        const session = await this.#open(item.length);
        return async () => {
          await session.sync(this.#ids(item.length), GREEDY);
          return { units: item.length };
        };
      }
      case "warm": {
        const scope = { scope: "warm" };
        const first = await this.#open(item.length, scope);
        await this.#loaded.switched.filling(() => first.sync(this.#ids(item.length), GREEDY));
        first.close();
        const session = await this.#open(item.length, scope);
        return async () => {
          await session.sync(this.#ids(item.length), GREEDY);
          return { units: 1 };
        };
      }
      default:
        return async () => ({ units: this.#machine(item) });
    }
  }

  /** Sessions behind seeded KV, each past a first step. */
  async #streams(count: number, { context, steps }: { context: number; steps: number }): Promise<() => Promise<Done>> {
    for (let i = 0; i < count; i++) {
      const session = await this.#open(context + steps + 1);
      await this.#loaded.switched.filling(() => session.sync(this.#ids(context, i), GREEDY));
    }
    const stepAll = async (first: number, end: number) => {
      const walk = async (session: Session) => {
        for (let i = first; i < end; i++) await session.step(this.#id(context + i), GREEDY);
      };
      await Promise.all(this.#sessions.map(walk));
    };
    await stepAll(0, 1);
    return async () => {
      await stepAll(1, steps + 1);
      return { units: count * steps };
    };
  }

  /** Does a machine's item; gives bytes or multiply-accumulates. */
  #machine(item: Item): number {
    const { stage, roofs, variant, kernels, layout, sizes } = this.#loaded;
    if (item.kind === "read") {
      for (let pass = 0; pass < READ_PASSES; pass++) roofs[`read${item.streams}`]!(KERNEL_BYTES, stage.bytes);
      return READ_PASSES * stage.bytes;
    }
    if (item.kind === "multiply") {
      for (let call = 0; call < MULTIPLY_CALLS; call++) roofs[`multiply_${variant}`]!(TURNS);
      return MULTIPLY_CALLS * TURNS * roofs[`macs_${variant}`]!();
    }
    const [T, passes] = item.kind === "gemv" ? [1, READ_PASSES] : [sizes.rows, 1];
    const { x, h8, gate, panel } = layout.scratch;
    const tensors = Array.from({ length: passes }, () => Object.entries(stage.tensors)).flat();
    let macs = 0;
    for (const [name, { format, shape, offset }] of tensors) {
      if (!(format in BLOCK_BYTES) || !name.includes("layers.")) continue;
      const [N = 0, K = 0] = shape;
      kernels.quantize(h8, x, T, K);
      kernels[`matmul_${format as WeightFormat}`](gate, h8, KERNEL_BYTES + offset, 0, T, N, K, panel);
      macs += T * N * K;
    }
    return macs;
  }

  /** Where the time of a decode step or of a token of prefill goes; decode chooses its tokens as a server does. */
  async #split(item: Item): Promise<Parts> {
    const { switched, manifest } = this.#loaded;
    let choosing = 0;
    let units = 0;
    let work = async (): Promise<unknown> => undefined;
    if (item.kind === "decode") {
      const { context, steps } = item;
      const session = await this.#open(context + steps + 1);
      await switched.filling(() => session.sync(this.#ids(context), GREEDY));
      const params = { ...SAMPLED, presencePenalty: 0, frequencyPenalty: 0, logitBias: new Map(), seed: 1 };
      const options = { math: session.math, tileRows: manifest.tile_rows };
      const sampler = createSampler({ ...params, topLogprobs: null }, options);
      let candidates = await session.step(this.#id(context), sampler.constraint());
      units = steps;
      work = async () => {
        for (let i = 0; i < steps; i++) {
          const started = performance.now();
          const { id } = await sampler.choose(candidates, (constraint) => session.again(constraint));
          const constraint = sampler.constraint();
          choosing += performance.now() - started;
          candidates = await session.step(id, constraint);
        }
      };
    } else if (item.kind === "prefill") {
      const session = await this.#open(item.length);
      units = item.length;
      work = () => session.sync(this.#ids(item.length), GREEDY);
    }
    const started = performance.now();
    const spent = await switched.timing(work);
    const all = performance.now() - started;
    const kernels = [...spent.values()].reduce((sum, ms) => sum + ms, 0);
    const parts = [...spent, ["sampler", choosing] as const, ["rest", all - kernels - choosing] as const];
    return Object.fromEntries(parts.map(([name, ms]) => [name, ms / units]));
  }

  async #heap(collect: boolean): Promise<number | null> {
    const { file } = this.#loaded.manifest.tokenizer; // a server holds its vocabulary, so it counts
    this.#vocab ??= loadVocab(await new Response(await this.#source.openFile(file)).bytes());
    const { gc } = globalThis as { gc?: () => void };
    if (collect) {
      if (gc === undefined) throw new Error("No gc(): start the runtime with V8's flag --expose-gc");
      gc();
    }
    return this.#source.heapBytes?.() ?? null;
  }

  async #open(positions: number, options: { scope?: string } = {}): Promise<Session> {
    const { signal } = new AbortController();
    const session = await this.#loaded.chain.open({ positions, signal, ...options });
    this.#sessions.push(session);
    return session;
  }

  #close(): void {
    for (const session of this.#sessions) session.close();
    this.#sessions = [];
  }

  get #loaded(): Engine {
    if (this.#engine === undefined) throw new TypeError("Load a model first");
    return this.#engine;
  }

  #ids(length: number, first = 0): number[] {
    return Array.from({ length }, (_, i) => this.#id(first + i));
  }

  /** Some id, the same every time. */
  #id(position: number): number {
    return (position * 7919 + 17) % this.#loaded.manifest.tokenizer.tokens;
  }
}
