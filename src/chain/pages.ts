// The page pool: who holds which pages of the KV cache, what the others still keep, and which of those goes first.
// One pool serves all stages: a page number means the same positions in each. A page that nobody holds any more stays
// in the tree of prefixes (prefix.ts) until its room is needed; the least recently used one goes first.
// Takes counts, gives pages. Must not know: what a page holds, where it lies, who asks.

import { PAGE } from "../engine/kv-cache.ts";

/** Pages that `positions` need. */
export function pagesFor(positions: number): number {
  return Math.ceil(positions / PAGE);
}

/** A prefix in the tree, and the pages that go on from it, by their ids. */
export interface Branch {
  readonly next: Map<string, Page>;
}

/** A page that has been taken out of the pool. Once it is in the tree, positions that have ids are not written to. */
export class Page implements Branch {
  readonly number: number;
  /** Timelines that hold it. */
  users = 1;
  /** The prefix that it goes on from; null: it is not in the tree. */
  before: Branch | null = null;
  /** The ids of its positions; fewer than a page has, where a timeline ends. */
  ids: readonly number[] = [];
  readonly next = new Map<string, Page>();

  constructor(number: number) {
    this.number = number;
  }
}

export class PagePool {
  readonly size: number;
  readonly #free: number[];
  /** Pages of the tree that nobody holds, the least recently used first; a prefix always after what goes on from it. */
  readonly #idle = new Set<Page>();

  constructor(size: number) {
    this.size = size;
    // Popped from the end, so that a single session gets 0, 1, 2 … in order.
    this.#free = Array.from({ length: size }, (_, i) => size - 1 - i);
  }

  /** Pages that somebody holds. */
  get used(): number {
    return this.size - this.#free.length - this.#idle.size;
  }

  /** Whether `count` pages can be taken. */
  hasRoom(count: number): boolean {
    return this.used + count <= this.size;
  }

  /** A page of one's own, if need be in place of one that nobody holds. Whoever takes has seen that there is room. */
  take(): Page {
    const number = this.#free.pop() ?? this.#evict();
    if (number === undefined) throw new RangeError(`All ${this.size} pages of the KV pool are held`);
    return new Page(number);
  }

  /** Holds a page that others hold or that is idle. */
  hold(page: Page): void {
    page.users++;
    this.#idle.delete(page);
  }

  /** Lets go of a page. Of a timeline's pages the last one goes first: idle ones are evicted in this order. */
  release(page: Page): void {
    page.users--;
    if (page.users > 0) return;
    if (page.before === null) this.#free.push(page.number);
    else this.#idle.add(page);
  }

  /** Frees the idle pages that go on from `branch`. */
  forget(branch: Branch): void {
    for (const page of branch.next.values()) {
      this.forget(page);
      if (this.#idle.delete(page)) this.#free.push(cut(page).number);
    }
  }

  #evict(): number | undefined {
    const [oldest] = this.#idle;
    if (oldest === undefined) return undefined;
    this.#idle.delete(oldest);
    return cut(oldest).number;
  }
}

/** Takes a page out of the tree. */
export function cut(page: Page): Page {
  page.before?.next.delete(keyOf(page.ids));
  page.before = null;
  return page;
}

/** The key of a page among its siblings: all of its ids, so that a hit is a comparison. */
export function keyOf(ids: readonly number[]): string {
  return ids.join();
}
