// safetensors, Hugging Face's weight file: a JSON directory, then the tensors' bytes.
// Takes a file; gives its tensors, whose bytes are known to lie inside of it. Must not know: Qwen2, other files beside it.

import { ModelFileError } from "../../src/errors.ts";
import { TYPE_NAMED } from "./dequantize.ts";
import type { RangeFile } from "./file.ts";
import type { StoredTensor } from "./source.ts";

/** The directory of a 72B model's part has about 20 KB. */
const MAX_HEADER_BYTES = 16 * 1024 * 1024;
const MAX_DIMENSION = 2 ** 32;
/** The number types of the format that are weights; its names are the ones of ggml. */
const DTYPES = ["F32", "F16", "BF16"];

/**
 * The tensors of a safetensors file, by name; their bytes are read when asked for.
 * @throws {ModelFileError} for anything that is not a whole file of known types
 */
export function readSafetensors(file: RangeFile): ReadonlyMap<string, StoredTensor> {
  const fail = (message: string): never => {
    throw new ModelFileError(file.name, message);
  };
  if (file.size < 8) fail("is not a safetensors file: it is shorter than 8 bytes");
  const length = new DataView(file.read(0, 8).buffer).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES))
    fail(`claims a header of ${length} bytes; expected at most ${MAX_HEADER_BYTES}`);
  const start = 8 + Number(length);
  if (start > file.size) fail("ends inside of its header: the file is truncated, download it again");
  let directory: unknown;
  try {
    directory = JSON.parse(new TextDecoder().decode(file.read(8, Number(length))));
  } catch (cause) {
    throw new ModelFileError(file.name, "is not a safetensors file: its header is not JSON", { cause });
  }
  if (typeof directory !== "object" || directory === null) fail("has a header that is not an object");

  const tensors = new Map<string, StoredTensor>();
  for (const [name, value] of Object.entries(directory as Record<string, unknown>)) {
    if (name === "__metadata__") continue;
    const quoted = JSON.stringify(name);
    const { dtype, shape, data_offsets } = (value ?? {}) as Record<string, unknown>;
    const type = DTYPES.includes(String(dtype)) ? TYPE_NAMED.get(String(dtype)) : undefined;
    if (type === undefined)
      return fail(`${quoted} has the type ${JSON.stringify(dtype)}; expected ${DTYPES.join(", ")}`);
    if (!isIntegers(shape, MAX_DIMENSION) || shape.length < 1 || shape.length > 4)
      return fail(`${quoted} has no shape`);
    if (!isIntegers(data_offsets, file.size) || data_offsets.length !== 2) return fail(`${quoted} has no data_offsets`);
    const bytes = shape.reduce((product, n) => product * n, type.bytes);
    const [first, end] = data_offsets as [number, number];
    if (end - first !== bytes)
      fail(`${quoted} has ${end - first} bytes; its shape ${shape.join(" x ")} needs ${bytes}`);
    if (start + end > file.size) {
      fail(`${quoted} ends at byte ${start + end}, but the file has ${file.size}: it is truncated, download it again`);
    }
    const rowBytes = shape.at(-1)! * type.bytes;
    tensors.set(name, {
      type,
      shape,
      bytes: (row, count) => file.read(start + first + row * rowBytes, count * rowBytes),
    });
  }
  return tensors;
}

function isIntegers(value: unknown, limit: number): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isInteger(n) && n >= 0 && n <= limit);
}
