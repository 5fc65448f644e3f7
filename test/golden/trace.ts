// Every named intermediate of a run, by the names that transformers' modules have: what goldens are compared with.

import type { Kernels } from "../../kernels/abi.ts";
import { forward, type OpenModel, openModel } from "../../scripts/forward.ts";
import { GREEDY } from "../../src/engine/frame.ts";

/** name -> (T, columns) f32, all rows in order. */
export type Trace = ReadonlyMap<string, Float32Array>;

export interface TraceOptions {
  /** Rows of a frame. */
  readonly chunk: number;
  readonly bindKernels: (memory: WebAssembly.Memory) => Kernels | Promise<Kernels>;
}

/** Runs `ids` through a packed folder and keeps what every layer, branch and the head give. */
export async function trace(folder: string, ids: readonly number[], options: TraceOptions): Promise<Trace> {
  const kept = new Map<string, Float32Array[]>();
  const keep = (name: string, values: Float32Array) => kept.set(name, [...(kept.get(name) ?? []), values]);
  const memories: WebAssembly.Memory[] = []; // one a stage, in order
  const model: OpenModel = await openModel(folder, {
    rows: options.chunk,
    bindKernels: (memory) => {
      memories.push(memory);
      return options.bindKernels(memory);
    },
    probe: (layer, name, offset, [T, columns]) => {
      const stage = model.manifest.stages.findIndex(({ layers: [first, end] }) => layer >= first && layer < end);
      const values = new Float32Array(memories[stage]!.buffer, offset, T * columns).slice();
      keep(name === "layer" ? `model.layers.${layer}` : `model.layers.${layer}.${name}`, values);
    },
  });
  const wanted = Array.from({ length: model.manifest.tokenizer.tokens }, (_, id) => id);
  const constraint = { ...GREEDY, rawSums: true, adjustedSums: true, wanted };
  const rows = await forward(model, ids, {
    constraint: () => constraint,
    onFrame: (frame) => {
      // Seen only where the stage that looks tokens up is not the one with the first layer.
      const isEmbedded = frame.layer === 0 && frame.ids.every((id) => id < frame.embedded);
      if (isEmbedded) keep("model.embed_tokens", frame.hidden);
    },
  });
  keep("lm_head", Float32Array.from(rows.flatMap((row) => row.wanted.map(({ logit }) => logit))));
  return new Map([...kept].map(([name, parts]) => [name, Float32Array.from(parts.flatMap((part) => [...part]))]));
}

/** The rows `positions` of (T, columns), the first `width` columns of each. */
export function pick(
  values: Float32Array,
  columns: number,
  positions: ArrayLike<number>,
  width = columns,
): Float32Array {
  return Float32Array.from(
    Array.from(positions).flatMap((row) => [...values.subarray(row * columns, row * columns + width)]),
  );
}

/** |a - b| / |b|, Euclidean. */
export function relativeL2(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`Cannot compare ${a.length} with ${b.length} values`);
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < a.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    norm += b[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}
