// Weights: from chunk files into linear memory, checked while they arrive, and found again by name.
// Takes a stage's manifest and a function that opens a chunk; gives tensors as offsets. The chunks are the memory image:
// loading is copying. Must not know: where chunks come from, what the tensors are for.

import { BLOCK, matrixBytes, type Offset, ROW_PAD, WEIGHT_FORMATS, type WeightFormat } from "../../kernels/abi.ts";
import { ModelFileError } from "../errors.ts";
import { CHUNK_BYTES, HASH_BYTES, type StageManifest } from "../model/manifest.ts";

/** Opens a chunk file by its name. */
export type FetchChunk = (file: string) => Promise<ReadableStream<Uint8Array>>;

/** A packed matrix in memory. */
export interface Matrix {
  readonly format: WeightFormat;
  readonly offset: Offset;
  /** Rows, padded to a multiple of 8. */
  readonly N: number;
  /** Columns. */
  readonly K: number;
  /** Offset of the bias (N) f32, or 0. */
  readonly bias: Offset;
}

/**
 * Streams all chunks of a stage to `base` in `memory`; each MiB is compared with its SHA-256 as soon as it is whole.
 * @throws {ModelFileError} naming the chunk that is short, long or damaged
 */
export async function loadWeights(
  memory: WebAssembly.Memory,
  base: Offset,
  options: { stage: StageManifest; fetchChunk: FetchChunk; onProgress?: (bytes: number) => void },
): Promise<void> {
  const { stage, fetchChunk, onProgress } = options;
  const image = new Uint8Array(memory.buffer, base, stage.bytes);
  let loaded = 0;
  let checked = 0;
  for (const [i, file] of stage.chunks.entries()) {
    const start = i * CHUNK_BYTES;
    const end = Math.min(start + CHUNK_BYTES, stage.bytes);
    for await (const piece of readAll(await fetchChunk(file))) {
      if (loaded + piece.byteLength > end) {
        throw new ModelFileError(file, `has more than its ${end - start} bytes; pack the model again`);
      }
      image.set(piece, loaded);
      loaded += piece.byteLength;
      while (checked < loaded && loaded >= Math.min(checked + HASH_BYTES, stage.bytes)) {
        const pieceEnd = Math.min(checked + HASH_BYTES, stage.bytes);
        await checkSha256(file, image.subarray(checked, pieceEnd), stage.sha256[checked / HASH_BYTES]);
        checked = pieceEnd;
      }
      onProgress?.(loaded);
    }
    if (loaded !== end) {
      throw new ModelFileError(file, `has ${loaded - start} bytes, expected ${end - start}; pack the model again`);
    }
  }
}

/** A stage's tensors, with the shapes that the model prescribes. */
export class Tensors {
  readonly #stage: StageManifest;
  readonly #base: Offset;

  constructor(stage: StageManifest, base: Offset) {
    this.#stage = stage;
    this.#base = base;
  }

  /** A matrix (rows, columns), with the bias of the same name. */
  matrix(name: string, shape: readonly number[], { hasBias = false }: { hasBias?: boolean } = {}): Matrix {
    const entry = this.#entry(name, shape);
    const [rows = 0, K = 0] = shape;
    if (entry.format === "f32") throw this.#error(`${name} is f32; a matrix is ${WEIGHT_FORMATS.join(" or ")}`);
    if (K % BLOCK !== 0) throw this.#error(`${name} has ${K} columns; expected a multiple of ${BLOCK}`);
    this.#inside(name, entry.offset, matrixBytes(entry.format, rows, K));
    const biasName = name.replace(/\.weight$/, ".bias");
    const bias = hasBias ? this.vector(biasName, [rows]) : 0;
    return {
      format: entry.format,
      offset: this.#base + entry.offset,
      N: Math.ceil(rows / ROW_PAD) * ROW_PAD,
      K,
      bias,
    };
  }

  /** The offset of a vector (length) of f32. */
  vector(name: string, shape: readonly number[]): Offset {
    const entry = this.#entry(name, shape);
    if (entry.format !== "f32") throw this.#error(`${name} is ${entry.format}; expected f32`);
    this.#inside(name, entry.offset, (shape[0] ?? 0) * 4);
    return this.#base + entry.offset;
  }

  #entry(name: string, shape: readonly number[]) {
    const entry = this.#stage.tensors[name];
    if (entry === undefined) throw this.#error(`${name} is missing`);
    if (entry.shape.join() !== shape.join()) {
      throw this.#error(`${name} has shape [${entry.shape.join(", ")}]; expected [${shape.join(", ")}]`);
    }
    return entry;
  }

  #inside(name: string, offset: number, bytes: number): void {
    if (offset + bytes > this.#stage.bytes) throw this.#error(`${name} ends after the stage's last byte`);
  }

  #error(message: string): ModelFileError {
    return new ModelFileError("manifest.json", message);
  }
}

/** Bytes of one read, where a stream lets the reader bring the buffer; two are in flight. */
const READ_BYTES = HASH_BYTES;

/** A stream's bytes in order, the next ones under way while a piece is used; a piece is overwritten after that. */
async function* readAll(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { read, cancel } = openReader(stream);
  let next = read();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done) return;
      next = read();
      next.catch(() => {}); // whoever waits for it hears of it; nobody does if the piece at hand is damaged
      yield value!;
    }
  } finally {
    await cancel();
  }
}

type Read = () => Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;

/**
 * Streams of bytes (of files, assets, HTTP) fill buffers of ours, a MiB a read: workerd's own pieces are small, each with a
 * promise and an array. Others give their pieces as they are.
 */
function openReader(stream: ReadableStream<Uint8Array>): { read: Read; cancel: () => Promise<void> } {
  let reader: ReadableStreamBYOBReader;
  try {
    reader = stream.getReader({ mode: "byob" });
  } catch {
    const pieces = stream.getReader();
    return { read: () => pieces.read(), cancel: () => pieces.cancel() };
  }
  const free = [new Uint8Array(READ_BYTES), new Uint8Array(READ_BYTES)];
  const read: Read = async () => {
    const buffer = free.shift()!;
    const { done, value } = await reader.read(buffer, { min: buffer.byteLength });
    // A read gives its buffer back as another array; it is free again when the read after the next begins.
    if (value !== undefined) free.push(new Uint8Array(value.buffer));
    return { done: done && !value?.byteLength, value };
  };
  return { read, cancel: () => reader.cancel() };
}

/**
 * Compares bytes with the hash that the manifest has for them.
 * @throws {ModelFileError} when they are damaged
 */
export async function checkSha256(file: string, bytes: BufferSource, expected: string | undefined): Promise<void> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== expected) {
    throw new ModelFileError(file, `damaged: SHA-256 ${found}, expected ${expected}; pack the model again`);
  }
}
