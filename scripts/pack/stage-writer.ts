// Writes one stage: a run of bytes, cut into chunk files and hashed by the MiB on its way.
// Takes bytes in order; gives the files' names and the hashes. Must not know: tensors, formats of weights.

import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { CHUNK_BYTES, HASH_BYTES } from "../../src/model/manifest.ts";

export interface WrittenStage {
  readonly bytes: number;
  readonly chunks: readonly string[];
  readonly sha256: readonly string[];
}

export class StageWriter {
  readonly #folder: string;
  readonly #stage: number;
  readonly #chunks: string[] = [];
  readonly #sha256: string[] = [];
  #bytes = 0;
  #chunk: FileHandle | null = null;
  #hash: Hash = createHash("sha256");

  constructor(folder: string, stage: number) {
    this.#folder = folder;
    this.#stage = stage;
  }

  /** Appends bytes. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      if (this.#bytes % CHUNK_BYTES === 0) await this.#nextChunk();
      // A chunk is a whole number of hashed pieces, so the end of a piece is the nearest boundary of both.
      const length = Math.min(bytes.length - at, HASH_BYTES - (this.#bytes % HASH_BYTES));
      const piece = bytes.subarray(at, at + length);
      this.#hash.update(piece);
      await this.#chunk!.writeFile(piece);
      at += length;
      this.#bytes += length;
      if (this.#bytes % HASH_BYTES === 0) this.#endPiece();
    }
  }

  /** Appends zeros up to an offset of the stage. */
  async padTo(offset: number): Promise<void> {
    if (offset > this.#bytes) await this.write(new Uint8Array(offset - this.#bytes));
  }

  /** Ends the stage. */
  async finish(): Promise<WrittenStage> {
    if (this.#bytes % HASH_BYTES !== 0) this.#endPiece();
    await this.close();
    return { bytes: this.#bytes, chunks: this.#chunks, sha256: this.#sha256 };
  }

  /** Closes the open file; after an error too. */
  async close(): Promise<void> {
    await this.#chunk?.close();
    this.#chunk = null;
  }

  async #nextChunk(): Promise<void> {
    await this.close();
    const name = `stage-${this.#stage}-${String(this.#chunks.length).padStart(3, "0")}.bin`;
    this.#chunk = await open(join(this.#folder, name), "wx");
    this.#chunks.push(name);
  }

  #endPiece(): void {
    this.#sha256.push(this.#hash.digest("hex"));
    this.#hash = createHash("sha256");
  }
}
