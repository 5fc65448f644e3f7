// One tensor from its stored form to its packed bytes, by slabs, so that memory stays small for a table of any size.
// Takes a stored tensor and its place; gives bytes in order. Owns: which file packs a format.
// Must not know: files, stages, chunks.

import type { WeightFormat } from "../../kernels/abi.ts";
import { ModelFileError } from "../../src/errors.ts";
import { TYPE_NAMED } from "./dequantize.ts";
import type { PlacedTensor } from "./layout.ts";
import { type Blocks, packMatrix } from "./matrix.ts";
import { q4 } from "./q4.ts";
import { q8 } from "./q8.ts";
import { columns, readRows, type StoredTensor } from "./source.ts";

/** A file each; the compiler says which is missing. */
const PACKERS: Readonly<Record<WeightFormat, Blocks>> = { q4, q8 };

/** Weights unpacked at once: 4 MiB of f32. */
const SLAB = 2 ** 20;
/** Row groups and their padding: slabs of a multiple of 8 rows pack to the same bytes as the whole. */
const SLAB_ROWS = 8;

/**
 * The packed bytes of a tensor (of the part that `placed` names), slab by slab.
 * @throws {ModelFileError} naming the tensor and the row that hold NaN or infinity
 */
export function* packTensor(file: string, stored: StoredTensor, placed: PlacedTensor): Generator<Uint8Array> {
  const { name, shape, firstRow } = placed;
  const onBadRow = (row: number): never => {
    const where = shape.length === 1 ? name : `${name}, row ${row},`;
    throw new ModelFileError(file, `${where} holds NaN or infinity: the file is damaged, download it again`);
  };
  if (placed.format === "f32") {
    const values = readRows(stored, 0, 1);
    if (!values.every(Number.isFinite)) onBadRow(0);
    yield new Uint8Array(values.buffer);
    return;
  }
  const blocks = PACKERS[placed.format];
  const K = columns(stored);
  const slab = Math.max(SLAB_ROWS, Math.floor(SLAB / K / SLAB_ROWS) * SLAB_ROWS);
  for (let first = firstRow; first < firstRow + shape[0]!; first += slab) {
    const count = Math.min(slab, firstRow + shape[0]! - first);
    const bytes = stored.type.name === blocks.kept ? stored.bytes(first, count) : null;
    const rows = bytes ? { stored: bytes, scales: scalesOf(bytes, stored) } : { f32: readRows(stored, first, count) };
    yield packMatrix(blocks, rows, { count, K, onBadRow: (row) => onBadRow(first + row) });
  }
}

/** The f16 scales with which stored blocks begin, as f32. */
function scalesOf(bytes: Uint8Array, { type }: StoredTensor): Float32Array {
  const blocks = bytes.length / type.bytes;
  const halves = new Uint8Array(2 * blocks);
  for (let b = 0; b < blocks; b++) {
    halves[2 * b] = bytes[b * type.bytes]!;
    halves[2 * b + 1] = bytes[b * type.bytes + 1]!;
  }
  const scales = new Float32Array(blocks);
  TYPE_NAMED.get("F16")!.dequantize(halves, scales);
  return scales;
}
