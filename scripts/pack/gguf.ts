// GGUF, llama.cpp's model file: its metadata and its directory of tensors, read by ranges, versions 2 and 3.
// Takes a file; gives metadata and tensors whose bytes are known to lie inside of it. Every count is bounded before it is
// used: the header is anybody's claim. Must not know: Qwen2, what a key means, how weights are packed.

import { ModelFileError } from "../../src/errors.ts";
import { STORAGE_TYPES, type StorageType } from "./dequantize.ts";
import { Cursor, openRangeFile, type RangeFile } from "./file.ts";

/** Limits far above any published file (a 72B has 963 tensors and 40 keys) and far below what exhausts memory. */
const MAX_TENSORS = 65_536;
const MAX_KEYS = 4_096;
const MAX_STRING_BYTES = 16 * 1024 * 1024;
const MAX_LIST = 4 * 1024 * 1024;
const MAX_NAME_BYTES = 1_024;
/** Metadata and directory together: Qwen2's have 6 MB. Kept in memory they take up to eight times as much. */
const MAX_HEADER_BYTES = 64 * 1024 * 1024;
const MAX_DIMENSION = 2 ** 32;

type GgufScalar = string | number | boolean;
export type GgufValue = GgufScalar | readonly GgufScalar[];

export interface GgufTensor {
  readonly name: string;
  readonly type: StorageType;
  /** As PyTorch says it, outermost first: [rows, columns] or [length]. */
  readonly shape: readonly number[];
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly bytes: number;
}

export interface Gguf {
  readonly file: RangeFile;
  readonly version: number;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/** Metadata types by number: bytes of one value (a string has at least its length) and how it is read. */
const SCALARS: readonly ([bytes: number, read: (view: DataView) => number | boolean] | null)[] = [
  [1, (v) => v.getUint8(0)],
  [1, (v) => v.getInt8(0)],
  [2, (v) => v.getUint16(0, true)],
  [2, (v) => v.getInt16(0, true)],
  [4, (v) => v.getUint32(0, true)],
  [4, (v) => v.getInt32(0, true)],
  [4, (v) => v.getFloat32(0, true)],
  [1, (v) => v.getUint8(0) !== 0],
  null, // 8: string
  null, // 9: list
  [8, (v) => Number(v.getBigUint64(0, true))], // rounded beyond 2^53, where no value is valid anyway
  [8, (v) => Number(v.getBigInt64(0, true))],
  [8, (v) => v.getFloat64(0, true)],
];
const STRING = 8;
const LIST = 9;

/**
 * Opens a GGUF file and reads its header. The caller closes `file`.
 * @throws {ModelFileError} for anything that is not a whole GGUF file of known types
 */
export function openGguf(path: string): Gguf {
  const file = openRangeFile(path);
  try {
    return readHeader(file);
  } catch (error) {
    file.close();
    throw error;
  }
}

function readHeader(file: RangeFile): Gguf {
  const fail = (message: string): never => {
    throw new ModelFileError(file.name, message);
  };
  const cursor = new Cursor(file);
  const take = (bytes: number): Uint8Array => {
    if (cursor.position + bytes > MAX_HEADER_BYTES) {
      fail(`has a header of more than ${MAX_HEADER_BYTES} bytes, which no Qwen2 model needs`);
    }
    return cursor.take(bytes);
  };
  const view = (bytes: number): DataView => {
    const taken = take(bytes);
    return new DataView(taken.buffer, taken.byteOffset, bytes);
  };
  const u32 = (): number => view(4).getUint32(0, true);
  const count = (what: string, limit: number): number => {
    const value = view(8).getBigUint64(0, true);
    return value <= BigInt(limit) ? Number(value) : fail(`claims ${value} ${what}; expected at most ${limit}`);
  };
  const decoder = new TextDecoder("utf-8");
  const string = (limit: number): string => decoder.decode(take(count("bytes in a string", limit)));
  const scalar = (type: number): GgufScalar => {
    if (type === STRING) return string(MAX_STRING_BYTES);
    const known = SCALARS[type];
    return known ? known[1](view(known[0])) : fail(`metadata has the unknown type ${type}`);
  };

  if (file.size < 24 || decoder.decode(take(4)) !== "GGUF") fail('is not a GGUF file: it does not start with "GGUF"');
  const version = u32();
  if (version !== 2 && version !== 3)
    fail(`is GGUF version ${version}; versions 2 and 3, little-endian, are read here`);
  const tensorCount = count("tensors", MAX_TENSORS);
  const keyCount = count("metadata keys", MAX_KEYS);

  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < keyCount; i++) {
    const key = string(65_535);
    const type = u32();
    if (metadata.has(key)) fail(`has the metadata key ${JSON.stringify(key)} twice`);
    if (type !== LIST) {
      metadata.set(key, scalar(type));
      continue;
    }
    const element = u32();
    if (element === LIST) fail(`${JSON.stringify(key)} is a list of lists, which is not read here`);
    const length = count(`elements in ${JSON.stringify(key)}`, MAX_LIST);
    const least = element === STRING ? 8 : (SCALARS[element]?.[0] ?? 1);
    if (length * least > cursor.remaining) fail(`ends inside of ${JSON.stringify(key)}: the file is truncated`);
    metadata.set(
      key,
      Array.from({ length }, () => scalar(element)),
    );
  }

  const alignment = metadata.get("general.alignment") ?? 32;
  if (typeof alignment !== "number" || !Number.isInteger(alignment) || alignment < 1 || alignment > 65_536) {
    return fail(`general.alignment is ${String(alignment)}; expected an integer from 1 to 65536`);
  }
  const directory = Array.from({ length: tensorCount }, () => {
    const name = string(MAX_NAME_BYTES);
    const quoted = JSON.stringify(name);
    const dimensions = u32();
    if (dimensions < 1 || dimensions > 4) fail(`${quoted} has ${dimensions} dimensions; expected 1 to 4`);
    const shape = Array.from({ length: dimensions }, () => count(`elements in a row of ${quoted}`, MAX_DIMENSION));
    const number = u32();
    const type = STORAGE_TYPES.get(number);
    if (type === undefined) {
      const names = [...STORAGE_TYPES.values()].map((each) => each.name).join(", ");
      return fail(`${quoted} has the type ${number}, which is not read here; expected one of ${names}`);
    }
    const elements = shape.reduce((product, n) => product * n, 1);
    if (!(elements > 0 && elements <= Number.MAX_SAFE_INTEGER)) fail(`${quoted} has the size ${shape.join(" x ")}`);
    if (shape[0]! % type.block !== 0)
      fail(`${quoted} has rows of ${shape[0]}, no multiple of ${type.name}'s ${type.block}`);
    const offset = count(`bytes before ${quoted}`, Number.MAX_SAFE_INTEGER);
    if (offset % alignment !== 0) fail(`${quoted} starts at ${offset}, no multiple of the alignment ${alignment}`);
    return { name, type, shape: shape.reverse(), offset, bytes: (elements / type.block) * type.bytes };
  });

  const start = Math.ceil(cursor.position / alignment) * alignment;
  const tensors = new Map<string, GgufTensor>();
  for (const tensor of directory) {
    const offset = start + tensor.offset;
    if (tensors.has(tensor.name)) fail(`holds ${JSON.stringify(tensor.name)} twice`);
    if (offset + tensor.bytes > file.size) {
      fail(
        `${JSON.stringify(tensor.name)} ends at byte ${offset + tensor.bytes}, but the file has ${file.size}: ` +
          "it is truncated, download it again",
      );
    }
    tensors.set(tensor.name, { ...tensor, offset });
  }
  return { file, version, metadata, tensors };
}
