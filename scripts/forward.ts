// Teacher forcing: given token ids go through a packed model's stages, and the rows that somebody asks about answer.
// Takes a packed folder and ids; gives Candidates by position. Owns no scheduling: eval, goldens and benches measure the
// stages with it, as the chain runs them. Must not know: sampling, text.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Kernels, KvFormat, ScalarMath } from "../kernels/abi.ts";
import { type Candidates, mergeResults } from "../src/chain/merge.ts";
import { type Constraint, type Depth, type Frame, type HeadResult, heads, nextTask } from "../src/engine/frame.ts";
import { decodeFrame, encodeFrame } from "../src/engine/frame-codec.ts";
import { type KernelModules, loadKernels, loadMath, type Variant } from "../src/engine/kernels.ts";
import { PAGE } from "../src/engine/kv-cache.ts";
import { loadStage, type Stage, type StageOptions } from "../src/engine/stage.ts";
import { type Manifest, parseManifest } from "../src/model/manifest.ts";

const BUILD = fileURLToPath(new URL("../build/", import.meta.url));

/** A packed model, loaded into this process. */
export interface OpenModel {
  readonly manifest: Manifest;
  readonly stages: readonly Stage[];
  readonly math: ScalarMath;
  /** Rows of a frame at most. */
  readonly rows: number;
}

export interface OpenOptions {
  /** Rows of a frame at most; default 128. */
  readonly rows?: number;
  /** Positions of the one sequence at most; default 512. */
  readonly context?: number;
  /** How the KV cache stores keys and values; default bf16. */
  readonly kvFormat?: KvFormat | undefined;
  /** Default: the compiled kernels, in the variant that is fast here. */
  readonly bindKernels?: (memory: WebAssembly.Memory) => Kernels | Promise<Kernels>;
  readonly probe?: NonNullable<StageOptions["probe"]>;
  readonly onLogits?: NonNullable<StageOptions["onLogits"]>;
}

/** Loads every stage of a packed folder, each with a memory of its own. */
export async function openModel(folder: string, options: OpenOptions = {}): Promise<OpenModel> {
  const { rows = 128, context = 512, kvFormat, probe, onLogits } = options;
  const manifest = parseManifest(JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")));
  const bindKernels = options.bindKernels ?? compiledKernels();
  const limits = { rows, kvPositions: context, kvFormat, context, budgetBytes: 2 ** 32 };
  const fetchChunk = async (file: string) => new Blob([await readFile(join(folder, file))]).stream();
  const stages: Stage[] = [];
  for (const index of manifest.stages.keys()) {
    const seen = { ...(probe && { probe }), ...(onLogits && { onLogits }) };
    stages.push(await loadStage(manifest, index, { limits, fetchChunk, bindKernels, ...seen }));
  }
  return { manifest, stages, rows, math: await loadMath((await kernelModules()).math) };
}

/** Binds the compiled kernels of one variant; by default the one that is fast on this machine. */
export function compiledKernels(variant?: Variant): (memory: WebAssembly.Memory) => Promise<Kernels> {
  return async (memory) => (await loadKernels(await kernelModules(), memory, variant)).kernels;
}

/** The compiled modules; those with relaxed SIMD only where this engine has it. */
export async function kernelModules(): Promise<KernelModules> {
  const bytes = async (name: string) => new Uint8Array(await readFile(join(BUILD, `${name}.wasm`)));
  const relaxed = async (name: string) => {
    const code = await bytes(name);
    return WebAssembly.validate(code) ? await WebAssembly.compile(code) : undefined;
  };
  const [i32, i16] = [await relaxed("kernels-i32"), await relaxed("kernels-i16")];
  const plain = await WebAssembly.compile(await bytes("kernels-plain"));
  return { plain, math: await WebAssembly.compile(await bytes("math")), ...(i32 && { i32 }), ...(i16 && { i16 }) };
}

export interface ForwardOptions {
  /** Rows of a frame; default the model's. */
  readonly chunk?: number;
  /** Positions below this have been run before, and nothing since; default 0. */
  readonly from?: number;
  /** What is asked of the row at a position; undefined: nothing. */
  readonly constraint: (position: number) => Constraint | undefined;
  /** Sees every frame that a stage gives back. */
  readonly onFrame?: (frame: Frame, firstPosition: number) => void;
}

/** Runs `ids`, which begin at position 0, chunk by chunk; gives the candidates of the rows that were asked about, in order. */
export async function forward(
  model: OpenModel,
  ids: readonly number[],
  options: ForwardOptions,
): Promise<Candidates[]> {
  const { manifest, math } = model;
  const { constraint: ask, chunk = model.rows, from = 0, onFrame } = options;
  const depth: Depth = {
    layers: manifest.config.num_hidden_layers,
    rows: manifest.config.vocab_size,
    tileRows: manifest.tile_rows,
  };
  const pages = Array.from({ length: Math.ceil(ids.length / PAGE) }, (_, i) => i);
  const found: Candidates[] = [];
  for (let position = from; position < ids.length; position += chunk) {
    const length = Math.min(chunk, ids.length - position);
    const asked = Array.from({ length }, (_, row) => ({ row, constraint: ask(position + row) }));
    const segment = {
      pages: pages.slice(0, Math.ceil((position + length) / PAGE)),
      position,
      length,
      copyFrom: -1,
      heads: asked.flatMap(({ row, constraint }) => (constraint ? [{ row, constraint }] : [])),
    };
    const start: Frame = {
      segments: [segment],
      ids: Uint32Array.from(ids.slice(position, position + length)),
      hidden: new Float32Array(0),
      ...{ embedded: 0, layer: 0, headed: 0, results: [] },
    };
    const parts = await travel(model, start, depth, (frame) => onFrame?.(frame, position));
    for (const [i, { constraint }] of heads(start).entries()) {
      const row = parts.map((part) => part[i]!);
      found.push(mergeResults(row, constraint, math));
    }
  }
  return found;
}

/** From stage to stage until nothing is left to do; head results by stage. */
async function travel(
  { stages, manifest }: OpenModel,
  start: Frame,
  depth: Depth,
  onFrame: (frame: Frame) => void,
): Promise<(readonly HeadResult[])[]> {
  const parts: (readonly HeadResult[])[] = [];
  let frame = start;
  for (let task = nextTask(frame, depth); task.kind !== "done"; task = nextTask(frame, depth)) {
    const { kind } = task;
    const at = kind === "layer" ? task.layer : task.row;
    const index = manifest.stages.findIndex((plan) => {
      const [first, end] = kind === "layer" ? plan.layers : plan.rows;
      return at >= first && at < end;
    });
    frame = decodeFrame(await stages[index]!.run(encodeFrame(frame)));
    onFrame(frame);
    if (frame.results.length > 0) parts.push(frame.results);
  }
  return parts;
}
