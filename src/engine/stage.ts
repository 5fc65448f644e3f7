// A stage: some layers and some rows of the table, computing in one linear memory of its own.
// Takes encoded frames, does all that it holds of what is to be done next, and gives the frame back.
// Must not know: the other stages, sessions, text, HTTP.

import type { Kernels, Offset } from "../../kernels/abi.ts";
import { ModelFileError } from "../errors.ts";
import type { Manifest } from "../model/manifest.ts";
import { EMBED, HEAD, NORM } from "../model/qwen2.ts";
import { type Depth, type Frame, type HeadResult, heads, nextTask } from "./frame.ts";
import { decodeFrame, encodeFrame } from "./frame-codec.ts";
import { type HeadWeights, type OnLogits, runHead } from "./head.ts";
import { keyCenterBytes, writeKeyCenter } from "./key-center.ts";
import { type KvCache, PAGE } from "./kv-cache.ts";
import { type Batch, type LayerWeights, layerWeights, type Probe, runLayer } from "./layer.ts";
import { layoutStage, type StageLimits } from "./layout.ts";
import { rotate, writeFrequencies } from "./rotation.ts";
import type { HeadScratch, Scratch } from "./scratch.ts";
import { type FetchChunk, loadWeights, type Matrix, Tensors } from "./weights.ts";

/** The seam: one process or many. A frame goes in and comes out as bytes (frame-codec.ts). */
export interface Stage {
  run(frame: Uint8Array): Promise<Uint8Array>;
}

export interface StageOptions {
  readonly limits: StageLimits;
  readonly fetchChunk: FetchChunk;
  /** Binds the kernels to the stage's memory. */
  readonly bindKernels: (memory: WebAssembly.Memory) => Kernels | Promise<Kernels>;
  /** Bytes of weights loaded so far. */
  readonly onProgress?: (bytes: number) => void;
  readonly probe?: (layer: number, ...args: Parameters<Probe>) => void;
  /** For measures: row after row of a frame. What it sees is overwritten once it returns. */
  readonly onLogits?: OnLogits;
}

/**
 * Lays out a stage's memory, loads its weights and binds its kernels.
 * @throws {UnavailableError} when it does not fit the budget
 * @throws {ModelFileError} when the weights are damaged or do not fit the model
 */
export async function loadStage(manifest: Manifest, index: number, options: StageOptions): Promise<LocalStage> {
  const plan = manifest.stages[index];
  if (plan === undefined) throw new ModelFileError("manifest.json", `has no stage ${index}`);
  const { config } = manifest;
  const { arena, weights: base, kv, keyCenters, scratch, head } = layoutStage(manifest, plan, options.limits);
  const memory = arena.open(options.limits.budgetBytes);

  const tensors = new Tensors(plan, base);
  const weights: LayerWeights[] = [];
  for (let l = plan.layers[0]; l < plan.layers[1]; l++) weights.push(layerWeights(tensors, config, l));
  const tableRows = plan.rows[1] - plan.rows[0];
  const table = (name: string) => tensors.matrix(name, [tableRows, config.hidden_size]);
  const embed = tableRows > 0 ? table(EMBED) : null;
  const headWeights: HeadWeights | null =
    embed === null
      ? null
      : {
          table: config.tie_word_embeddings ? embed : table(HEAD),
          rows: plan.rows,
          norm: tensors.vector(NORM, [config.hidden_size]),
          tokens: manifest.tokenizer.tokens,
          eps: config.rms_norm_eps,
        };

  const kernels = await options.bindKernels(memory);
  writeFrequencies(kernels, config, scratch.frequencies);
  const { fetchChunk, onProgress } = options;
  await loadWeights(memory, base, { stage: plan, fetchChunk, ...(onProgress && { onProgress }) });
  if (keyCenters !== 0) {
    for (const [i, { k_proj }] of weights.entries()) {
      const center = keyCenters + i * keyCenterBytes(config);
      writeKeyCenter(memory, config, { center, bias: k_proj.bias, frequencies: scratch.frequencies });
    }
  }
  return new LocalStage({
    manifest,
    index,
    memory,
    kernels,
    kv,
    keyCenters,
    scratch,
    head,
    embed,
    headWeights,
    weights,
    ...options,
  });
}

interface Parts {
  readonly manifest: Manifest;
  readonly index: number;
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  readonly kv: KvCache;
  readonly keyCenters: Offset;
  readonly scratch: Scratch;
  readonly head: HeadScratch;
  readonly embed: Matrix | null;
  readonly headWeights: HeadWeights | null;
  readonly weights: readonly LayerWeights[];
  readonly limits: StageLimits;
  readonly probe?: StageOptions["probe"];
  readonly onLogits?: OnLogits;
}

export class LocalStage implements Stage {
  readonly #parts: Parts;
  readonly #depth: Depth;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { config, tile_rows } = parts.manifest;
    this.#depth = { layers: config.num_hidden_layers, rows: config.vocab_size, tileRows: tile_rows };
  }

  /** Bytes of the stage's linear memory. */
  get memoryBytes(): number {
    return this.#parts.memory.buffer.byteLength;
  }

  async run(bytes: Uint8Array): Promise<Uint8Array> {
    return encodeFrame(this.#run(decodeFrame(bytes)));
  }

  #run(input: Frame): Frame {
    this.#check(input);
    const { layers, rows } = this.#parts.manifest.stages[this.#parts.index]!;
    const holds = ([first, end]: readonly [number, number], at: number) => at >= first && at < end;
    let frame: Frame = { ...input, results: [] };
    this.#write(frame.hidden);
    for (;;) {
      const task = nextTask(frame, this.#depth);
      if (task.kind === "embed" && holds(rows, task.row)) {
        this.#embed(frame);
        frame = { ...frame, embedded: rows[1] };
      } else if (task.kind === "layer" && holds(layers, task.layer)) {
        this.#layers(frame);
        frame = { ...frame, layer: layers[1] };
        if (frame.layer === this.#depth.layers) {
          frame = { ...frame, hidden: this.#keepHeads(frame) };
        }
      } else if (task.kind === "head" && holds(rows, task.row)) {
        frame = { ...frame, results: this.#head(frame), headed: rows[1] };
      } else {
        return frame.layer < this.#depth.layers ? { ...frame, hidden: this.#read(frame.ids.length) } : frame;
      }
    }
  }

  /** x of the rows whose token this stage's part of the table holds. */
  #embed({ ids }: Frame): void {
    const { kernels, scratch, embed, memory, manifest, index } = this.#parts;
    const [first, end] = manifest.stages[index]!.rows;
    const { hidden_size: D } = manifest.config;
    const rows = new Uint32Array(memory.buffer, scratch.positions, ids.length);
    for (const [t, id] of ids.entries()) rows[t] = id - first;
    for (const [t, id] of ids.entries()) {
      if (id < first || id >= end) continue;
      kernels[`embed_${embed!.format}`](scratch.x + t * D * 4, embed!.offset, scratch.positions + t * 4, 1, D);
    }
  }

  #layers(frame: Frame): void {
    const { kernels, memory, scratch, kv, keyCenters, weights, manifest, index, probe } = this.#parts;
    const { config } = manifest;
    const batch = this.#batch(frame);
    for (const { copyFrom, pages, position } of frame.segments) {
      if (copyFrom >= 0) kv.copy(memory, copyFrom, pages[Math.floor(position / PAGE)]!);
    }
    const [first] = manifest.stages[index]!.layers;
    const centerOf = (i: number) => (keyCenters === 0 ? 0 : keyCenters + i * keyCenterBytes(config));
    for (let l = frame.layer; l < first + weights.length; l++) {
      const pages = { base: kv.layer(l - first), stride: kv.stride, format: kv.format, center: centerOf(l - first) };
      const layerProbe: Probe | undefined = probe && ((...args) => probe(l, ...args));
      runLayer(kernels, weights[l - first]!, { config, batch, scratch, pages, probe: layerProbe });
    }
  }

  /** Writes the rows' angles and the segments' page numbers to memory. */
  #batch(frame: Frame): Batch {
    const { kernels, scratch, memory, manifest } = this.#parts;
    const positions = new Uint32Array(frame.ids.length);
    let row = 0;
    let table = scratch.pageTable;
    const segments = frame.segments.map((segment) => {
      const at = { row, length: segment.length, position: segment.position, pages: table };
      new Uint32Array(memory.buffer, table, segment.pages.length).set(segment.pages);
      table += segment.pages.length * 4;
      for (let i = 0; i < segment.length; i++) positions[row++] = segment.position + i;
      return at;
    });
    return { T: row, segments, rotation: rotate(kernels, manifest.config, { memory, scratch, positions }) };
  }

  /** The final hidden states (rows of heads, D), gathered at the front of x and copied out. */
  #keepHeads(frame: Frame): Float32Array {
    const { scratch, memory, manifest } = this.#parts;
    const D = manifest.config.hidden_size;
    const rows = heads(frame).map((head) => head.row);
    const x = new Float32Array(memory.buffer, scratch.x);
    for (const [i, row] of rows.entries()) x.copyWithin(i * D, row * D, (row + 1) * D); // ascending: never overwrites
    return this.#read(rows.length);
  }

  #head(frame: Frame): HeadResult[] {
    const { kernels, memory, scratch, head, headWeights, manifest, onLogits } = this.#parts;
    const constraints = heads(frame).map((h) => h.constraint);
    const rowBytes = manifest.config.hidden_size * 4;
    const results: HeadResult[] = [];
    for (let i = 0; i < constraints.length; i += head.batch) {
      const options = { memory, depth: this.#depth, head, scratch, onLogits, hidden: scratch.x + i * rowBytes };
      results.push(
        ...runHead(kernels, headWeights!, { ...options, constraints: constraints.slice(i, i + head.batch) }),
      );
    }
    return results;
  }

  #write(hidden: Float32Array): void {
    new Float32Array(this.#parts.memory.buffer).set(hidden, this.#parts.scratch.x / 4);
  }

  #read(rows: number): Float32Array {
    const start = this.#parts.scratch.x / 4;
    return new Float32Array(this.#parts.memory.buffer).slice(
      start,
      start + rows * this.#parts.manifest.config.hidden_size,
    );
  }

  /** Bounds everything that becomes an offset. */
  #check(frame: Frame): void {
    const { limits, kv, scratch, manifest } = this.#parts;
    const fail = (message: string): never => {
      throw new RangeError(`Frame ${message}`);
    };
    const T = frame.ids.length;
    if (T === 0 || T > limits.rows) fail(`has ${T} rows; this stage takes 1 to ${limits.rows}`);
    if (frame.ids.some((id) => id >= manifest.config.vocab_size)) fail("has an id outside of the table");
    const D = manifest.config.hidden_size;
    if (frame.hidden.length % D !== 0 || frame.hidden.length > T * D) fail("has hidden states of another size");
    let rows = 0;
    let entries = 0;
    for (const { position, length, copyFrom, pages, heads } of frame.segments) {
      if (length === 0) fail("has a segment without rows");
      rows += length;
      entries += pages.length;
      if (position + length > limits.context) fail(`reaches position ${position + length} of ${limits.context}`);
      if (frame.layer < this.#depth.layers && pages.length * PAGE < position + length) fail("has too few pages");
      if (copyFrom >= kv.pages || pages.some((page) => page >= kv.pages)) fail("names a page outside of the pool");
      if (heads.some(({ row }, i) => row >= length || row <= (heads[i - 1]?.row ?? -1))) {
        fail("asks for a row that it does not have, or not in order");
      }
    }
    if (rows !== T) fail(`has ${T} ids for ${rows} rows`);
    if (entries > scratch.pageEntries) fail("has too many page numbers");
  }
}
