// What stands where in a stage: its tensors in order, each at a multiple of 64 bytes (docs/format.md), and the plan that
// comes from their sizes. Takes a config; gives names, shapes and offsets. Must not know: sources, files, weights.

import { matrixBytes, type WeightFormat } from "../../kernels/abi.ts";
import { TENSOR_ALIGN, type TensorEntry, type TensorFormat } from "../../src/model/manifest.ts";
import { planStages, type StagePlan } from "../../src/model/plan.ts";
import { EMBED, HEAD, layerTensors, NORM, type Qwen2Config } from "../../src/model/qwen2.ts";

export interface PlacedTensor extends TensorEntry {
  readonly name: string;
  /** The row of the source's tensor with which this one begins: tables are cut. */
  readonly firstRow: number;
  readonly bytes: number;
}

const align = (bytes: number): number => Math.ceil(bytes / TENSOR_ALIGN) * TENSOR_ALIGN;

function tensorBytes(format: TensorFormat, shape: readonly number[]): number {
  return format === "f32" ? 4 * shape[0]! : matrixBytes(format, shape[0]!, shape[1]!);
}

/** Matrices have the model's format, vectors (norms, biases) stay f32. */
const formatOf = (shape: readonly number[], quant: WeightFormat): TensorFormat => (shape.length === 2 ? quant : "f32");

/** Cuts the model into stages of nearly equal bytes. @throws {RangeError} for more stages than can be */
export function planModel(
  config: Qwen2Config,
  stages: number,
  { quant, tileRows }: { readonly quant: WeightFormat; readonly tileRows: number },
): readonly StagePlan[] {
  const layer = [...layerTensors(config, 0).values()];
  const layerBytes = layer.reduce((sum, shape) => sum + align(tensorBytes(formatOf(shape, quant), shape)), 0);
  const tables = config.tie_word_embeddings ? 1 : 2;
  const tileBytes = tables * matrixBytes(quant, tileRows, config.hidden_size);
  return planStages(config, stages, { layerBytes, tileBytes }, tileRows);
}

/** The tensors of one stage, in order, with their offsets. */
export function placeTensors(config: Qwen2Config, plan: StagePlan, quant: WeightFormat): readonly PlacedTensor[] {
  const placed: PlacedTensor[] = [];
  let offset = 0;
  const place = (name: string, shape: readonly number[], firstRow = 0): void => {
    const format = formatOf(shape, quant);
    const bytes = tensorBytes(format, shape);
    placed.push({ name, format, shape, offset, firstRow, bytes });
    offset = align(offset + bytes);
  };
  for (let layer = plan.layers[0]; layer < plan.layers[1]; layer++) {
    for (const [name, shape] of layerTensors(config, layer)) place(name, shape);
  }
  const [first, end] = plan.rows;
  if (end > first) {
    const shape = [end - first, config.hidden_size];
    place(EMBED, shape, first);
    if (!config.tie_word_embeddings) place(HEAD, shape, first);
    place(NORM, [config.hidden_size]);
  }
  return placed;
}
