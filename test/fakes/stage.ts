// A stage without arithmetic: it keeps token ids in the pages where keys and values would be, and its only candidate
// hashes every id that it can reach from a position. Wrong pages, positions or orders therefore change the candidate.

import { type Frame, heads, nextTask } from "../../src/engine/frame.ts";
import { decodeFrame, encodeFrame } from "../../src/engine/frame-codec.ts";
import type { Stage } from "../../src/engine/stage.ts";
import type { Manifest } from "../../src/model/manifest.ts";

export const VOCAB = 100;

/** The candidate that follows `ids`. */
export function expectedId(ids: readonly number[]): number {
  let hash = 17;
  for (const id of ids) hash = (hash * 31 + id + 1) % 65_521;
  return hash % VOCAB;
}

/** A manifest with nothing but what a chain reads. */
export function fakeManifest(stages: readonly { layers: [number, number]; rows: [number, number] }[]): Manifest {
  return {
    config: { num_hidden_layers: 2, vocab_size: VOCAB, hidden_size: 1 },
    tile_rows: 10,
    stages,
  } as unknown as Manifest;
}

export class FakeStage implements Stage {
  /** The segments of every frame that came in, as [position, length]. */
  readonly seen: [number, number][][] = [];
  failNext = false;
  readonly #manifest: Manifest;
  readonly #index: number;
  readonly #slots: number[] = [];

  constructor(manifest: Manifest, index: number) {
    this.#manifest = manifest;
    this.#index = index;
  }

  async run(bytes: Uint8Array): Promise<Uint8Array> {
    let frame: Frame = { ...decodeFrame(bytes), results: [] };
    if (this.failNext) {
      this.failNext = false;
      throw new Error("lost");
    }
    this.seen.push(frame.segments.map((s) => [s.position, s.length]));
    const { layers, rows } = this.#manifest.stages[this.#index]!;
    const depth = { layers: 2, rows: VOCAB, tileRows: 10 };
    for (;;) {
      const task = nextTask(frame, depth);
      if (task.kind === "embed" && task.row >= rows[0] && task.row < rows[1]) {
        frame = { ...frame, embedded: rows[1] };
      } else if (task.kind === "layer" && task.layer >= layers[0] && task.layer < layers[1]) {
        frame = { ...frame, layer: layers[1], hidden: this.#store(frame) };
        if (frame.layer === 2)
          frame = { ...frame, hidden: Float32Array.from(heads(frame), (h) => frame.hidden[h.row]!) };
      } else if (task.kind === "head" && task.row >= rows[0] && task.row < rows[1]) {
        const results = heads(frame).map((_, i) => {
          const id = frame.hidden[i]!;
          const top = id >= rows[0] && id < rows[1] ? [{ id, logit: 1, adjusted: 1 }] : [];
          const sums = new Float32Array(0);
          return { top, topRaw: [], wanted: [], rawSums: sums, adjustedSums: sums };
        });
        frame = { ...frame, results, headed: rows[1] };
      } else return encodeFrame(frame);
    }
  }

  /** Stores the frame's ids in their slots; the "hidden state" of a row is the candidate after it. */
  #store(frame: Frame): Float32Array {
    const hidden: number[] = [];
    let row = 0;
    for (const { pages, position, copyFrom } of frame.segments) {
      const page = pages[Math.floor(position / 32)]!;
      if (copyFrom >= 0) for (let i = 0; i < 32; i++) this.#slots[page * 32 + i] = this.#slots[copyFrom * 32 + i]!;
    }
    for (const { pages, position, length } of frame.segments) {
      const slot = (p: number) => pages[Math.floor(p / 32)]! * 32 + (p % 32);
      for (let i = 0; i < length; i++) this.#slots[slot(position + i)] = frame.ids[row++]!;
      for (let i = 0; i < length; i++) {
        hidden.push(expectedId(Array.from({ length: position + i + 1 }, (_, p) => this.#slots[slot(p)] ?? -1)));
      }
    }
    return Float32Array.from(hidden);
  }
}
