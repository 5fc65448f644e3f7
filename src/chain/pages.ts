// The page pool: which pages of the KV cache belong to whom. One pool serves all stages: a page number means the same
// positions in each. Takes counts, gives page numbers. Must not know: what a page holds, where it lies.

import { PAGE } from "../engine/kv-cache.ts";

/** Pages that `positions` need. */
export function pagesFor(positions: number): number {
  return Math.ceil(positions / PAGE);
}

export class PagePool {
  readonly size: number;
  readonly #free: number[];
  #reserved = 0;

  constructor(size: number) {
    this.size = size;
    // Popped from the end, so that a single session gets 0, 1, 2 … in order.
    this.#free = Array.from({ length: size }, (_, i) => size - 1 - i);
  }

  /** Whether `count` pages are neither taken nor reserved. */
  hasRoom(count: number): boolean {
    return this.#reserved + count <= this.size;
  }

  /** Sets pages aside for a session that is admitted, so that it never has to stop half-way. */
  reserve(count: number): void {
    if (!this.hasRoom(count)) throw new RangeError(`The pool has no ${count} pages left to reserve`);
    this.#reserved += count;
  }

  /** A page out of a reservation. */
  take(): number {
    const page = this.#free.pop();
    if (page === undefined) throw new RangeError("No page left; a session took more than it had reserved");
    return page;
  }

  /** Gives back a session's pages and its reservation. */
  release(pages: readonly number[], reserved: number): void {
    for (let i = pages.length - 1; i >= 0; i--) this.#free.push(pages[i]!);
    this.#reserved -= reserved;
  }
}
