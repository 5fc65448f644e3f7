// A file read by ranges: model files are larger than memory, so nothing here ever reads one whole.
// Takes a path; gives bytes at offsets, a reader that walks on in small windows, and the file's SHA-256.
// Must not know: what the bytes mean.

import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import { ModelFileError } from "../../src/errors.ts";

/** How much of a file is read at once where it is walked from front to back. */
const WINDOW_BYTES = 1024 * 1024;

export interface RangeFile {
  /** The file's name without its folder: what messages and the manifest say. */
  readonly name: string;
  readonly size: number;
  /** @throws {ModelFileError} when the range is not inside of the file */
  read(offset: number, length: number): Uint8Array;
  close(): void;
}

/**
 * Opens a file for reading by ranges. Reads are synchronous: packing alternates them with arithmetic on the same core.
 * @throws {ModelFileError} when it cannot be opened or is no file
 */
export function openRangeFile(path: string): RangeFile {
  const name = basename(path);
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (cause) {
    throw new ModelFileError(path, `cannot be opened (${(cause as NodeJS.ErrnoException).code})`, { cause });
  }
  const status = fstatSync(descriptor);
  if (!status.isFile()) {
    closeSync(descriptor);
    throw new ModelFileError(path, "is not a file");
  }
  return {
    name,
    size: status.size,
    read(offset, length) {
      if (!(offset >= 0 && length >= 0 && offset + length <= status.size)) {
        throw new ModelFileError(name, `bytes ${offset}..${offset + length} lie outside of its ${status.size} bytes`);
      }
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const got = readSync(descriptor, bytes, done, Math.min(length - done, 2 ** 30), offset + done);
        if (got === 0) throw new ModelFileError(name, "became shorter while it was read");
        done += got;
      }
      return bytes;
    },
    close: () => closeSync(descriptor),
  };
}

/** Walks a file from an offset on: small reads from a window, each checked against the end of the file. */
export class Cursor {
  position: number;
  readonly #file: RangeFile;
  #window: Uint8Array = new Uint8Array(0);
  #start = 0;

  constructor(file: RangeFile, position = 0) {
    this.#file = file;
    this.position = position;
  }

  get remaining(): number {
    return this.#file.size - this.position;
  }

  /** The next `length` bytes; valid until the next call. @throws {ModelFileError} at the end of the file */
  take(length: number): Uint8Array {
    if (length > this.remaining) {
      throw new ModelFileError(
        this.#file.name,
        `ends at byte ${this.#file.size}, inside of its header: the file is truncated, download it again`,
      );
    }
    const from = this.position - this.#start;
    this.position += length;
    if (from >= 0 && from + length <= this.#window.length) return this.#window.subarray(from, from + length);
    this.#start = this.position - length;
    this.#window = this.#file.read(this.#start, Math.min(Math.max(length, WINDOW_BYTES), this.remaining + length));
    return this.#window.subarray(0, length);
  }
}

/** SHA-256 of the whole file, hex. Yields to the event loop between windows. */
export async function hashFile(file: RangeFile, onBytes?: (bytes: number) => void): Promise<string> {
  const hash = createHash("sha256");
  const step = 8 * WINDOW_BYTES;
  for (let at = 0; at < file.size; at += step) {
    const length = Math.min(step, file.size - at);
    hash.update(file.read(at, length));
    onBytes?.(length);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return hash.digest("hex");
}
