// Opens a packed folder in this process, for tests: every stage in a memory of its own, as a server does it.

import { createReadStream, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Kernels, KvFormat } from "../../kernels/abi.ts";
import { Chain } from "../../src/chain/chain.ts";
import { type KernelModules, loadKernels, loadMath, type Variant } from "../../src/engine/kernels.ts";
import { loadStage, type StageOptions } from "../../src/engine/stage.ts";
import { type Manifest, parseManifest } from "../../src/model/manifest.ts";

const module = (name: string) =>
  new WebAssembly.Module(readFileSync(new URL(`../../build/${name}.wasm`, import.meta.url)));

let compiled: Required<KernelModules> | undefined;

/** The kernel modules that `npm run build` made. */
export function modules(): Required<KernelModules> {
  compiled ??= {
    i32: module("kernels-i32"),
    i16: module("kernels-i16"),
    plain: module("kernels-plain"),
    math: module("math"),
  };
  return compiled;
}

export interface OpenOptions {
  /** A variant of the compiled kernels, or something else that binds to a memory; default: the fast one. */
  readonly kernels?: Variant | ((memory: WebAssembly.Memory) => Kernels);
  readonly rows?: number;
  readonly kvPositions?: number;
  readonly kvFormat?: KvFormat;
  readonly maxSessions?: number;
  readonly queue?: number;
  readonly probe?: StageOptions["probe"];
}

export function readManifest(folder: string): Manifest {
  return parseManifest(JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")));
}

/** The chain of a packed folder. */
export async function openChain(folder: string, options: OpenOptions = {}) {
  const manifest = readManifest(folder);
  const limits = {
    rows: options.rows ?? 32,
    kvPositions: options.kvPositions ?? 2048,
    kvFormat: options.kvFormat,
    context: options.kvPositions ?? 2048,
    maxSessions: options.maxSessions ?? 4,
    queue: options.queue ?? 4,
    budgetBytes: 4 * 1024 ** 3,
  };
  const { kernels, probe } = options;
  const bindKernels = async (memory: WebAssembly.Memory) =>
    typeof kernels === "function" ? kernels(memory) : (await loadKernels(modules(), memory, kernels)).kernels;
  const fetchChunk = async (file: string) =>
    Readable.toWeb(createReadStream(join(folder, file))) as ReadableStream<Uint8Array>;
  const stages = [];
  for (const index of manifest.stages.keys()) {
    stages.push(await loadStage(manifest, index, { limits, fetchChunk, bindKernels, ...(probe && { probe }) }));
  }
  return { manifest, stages, chain: new Chain({ manifest, stages, math: await loadMath(modules().math), limits }) };
}
