// A timeline: token ids, how many of them are computed, and the pages that hold those. A prefix that somebody has computed
// before is adopted, not computed again; what is given up stays in the tree of prefixes for whoever comes next. So the next
// turn of a chat, a prompt that many share, prompts that come at once, and a session that was paused are one case.
// The last page is in the tree, too, under the ids that it holds so far; its own timeline alone adds to it, others copy it.
// Equal ids are equal bits, so a copy may also go over what a timeline has of the same page itself.
// Takes ids and counts; gives segments. Must not know: who asks, when it is computed, stages.

import type { Segment } from "../engine/frame.ts";
import { PAGE } from "../engine/kv-cache.ts";
import { type Branch, cut, type Page, type PagePool, pagesFor } from "./pages.ts";
import { grow, longestMatch } from "./prefix.ts";

export class Timeline {
  readonly #pool: PagePool;
  readonly #root: Branch;
  readonly #ids: number[] = [];
  /** Pages of the computed ids, and maybe more. */
  readonly #pages: Page[] = [];
  #computed = 0;
  /** The page that the last one becomes a copy of, until a frame has copied it. */
  #source: Page | null = null;
  /** Ids that have been computed or adopted since the ids were set. */
  #reached = 0;
  #adopted = 0;

  constructor(pool: PagePool, root: Branch) {
    this.#pool = pool;
    this.#root = root;
  }

  get ids(): readonly number[] {
    return this.#ids;
  }

  /** The first ids, whose keys and values are in pages. */
  get computed(): number {
    return this.#computed;
  }

  get pages(): number {
    return this.#pages.length;
  }

  /** Ids that somebody else had computed before. What this timeline computed, gave up and adopted again does not count. */
  get adopted(): number {
    return this.#adopted;
  }

  push(id: number): void {
    this.#ids.push(id);
  }

  /** Makes the timeline `ids`; at least the last one is to be computed. */
  replace(ids: readonly number[]): void {
    const isSame = this.#ids.slice(0, this.#computed).every((id, i) => id === ids[i]);
    if (!isSame || ids.length <= this.#computed || this.#source !== null) this.retire();
    this.#ids.length = 0;
    for (const id of ids) this.#ids.push(id);
    this.#reached = this.#computed;
    this.#adopted = 0;
  }

  /** Goes on to where somebody has computed the same ids. The last id is left: its hidden state is wanted. */
  adopt(): void {
    // Pages of a frame that failed.
    for (const page of this.#pages.splice(pagesFor(this.#computed))) this.#pool.release(page);
    do {
      const begin = this.#computed - (this.#computed % PAGE);
      const end = Math.min(begin + PAGE, this.#ids.length - 1);
      if (end <= this.#computed) return;
      const match = longestMatch(this.#tip(), this.#ids.slice(begin, end));
      if (match === null || begin + match.length <= this.#computed || !this.#share(match)) return;
      this.#computed = begin + match.length;
      this.#adopted += Math.max(0, this.#computed - this.#reached);
      this.#reached = Math.max(this.#reached, this.#computed);
    } while (this.#computed % PAGE === 0);
  }

  /** How many of the `rows` ids that `other` computes next this timeline could adopt after that, beyond what it can now. */
  overlap(other: Timeline, rows: number): number {
    if (other.#root !== this.#root) return 0;
    const begin = Math.max(this.#computed, other.#computed);
    const most = Math.min(other.#computed + rows, this.#ids.length - 1);
    const isSame = (i: number) => this.#ids[i] === other.#ids[i];
    let end = begin;
    while (end < most && isSame(end)) end++;
    if (end === begin) return 0;
    for (let i = 0; i < begin; i++) if (!isSame(i)) return 0;
    return end - begin;
  }

  /** Takes the pages of positions below `end`. */
  reserve(end: number): void {
    while (this.#pages.length < pagesFor(end)) this.#pages.push(this.#pool.take());
  }

  /** The next `length` ids as a segment without heads; their pages are reserved. */
  segment(length: number): Omit<Segment, "heads"> {
    return {
      pages: this.#pages.slice(0, pagesFor(this.#computed + length)).map(({ number }) => number),
      position: this.#computed,
      length,
      copyFrom: this.#source?.number ?? -1,
    };
  }

  /** The next `length` ids are computed. Others can adopt them from now on. */
  advance(length: number): void {
    this.#leaveSource();
    const first = Math.floor(this.#computed / PAGE);
    this.#computed += length;
    this.#reached = Math.max(this.#reached, this.#computed);
    for (let i = first; i < pagesFor(this.#computed); i++) this.#enter(i);
  }

  /** Gives up all pages. What they hold can be adopted again until their room is needed. */
  retire(): void {
    // A copy that was not made yet holds nothing new.
    if (this.#source === null && this.#computed % PAGE > 0) this.#enter(pagesFor(this.#computed) - 1);
    this.#leaveSource();
    for (const page of this.#pages.splice(0).reverse()) this.#pool.release(page);
    this.#computed = 0;
  }

  /** The last full page's place in the tree. */
  #tip(): Branch {
    const full = Math.floor(this.#computed / PAGE);
    return full === 0 ? this.#root : this.#pages[full - 1]!;
  }

  /**
   * Has the page after the full ones be `page`, or a copy of it. It holds more than what this timeline has there itself.
   * False: there is no room.
   */
  #share({ page, length }: { page: Page; length: number }): boolean {
    const isShared = isReady(page, length);
    // Held until it is copied, so the copy must leave room for everything else that is to be computed.
    const more = pagesFor(this.#ids.length) - this.#pages.length;
    if (!isShared && !this.#pool.hasRoom(more + (page.users === 0 ? 1 : 0))) return false;
    this.#pool.hold(page);
    this.#leaveSource();
    const hasOwn = this.#computed % PAGE > 0;
    if (isShared) {
      if (hasOwn) this.#pool.release(cut(this.#pages.pop()!));
      this.#pages.push(page);
    } else {
      this.#source = page;
      if (!hasOwn) this.#pages.push(this.#pool.take());
    }
    return true;
  }

  #leaveSource(): void {
    if (this.#source !== null) this.#pool.release(this.#source);
    this.#source = null;
  }

  /** Puts page `index` into the tree, or takes the page that is there already in its place. */
  #enter(index: number): void {
    const own = this.#pages[index]!;
    const ids = this.#ids.slice(index * PAGE, Math.min((index + 1) * PAGE, this.#computed));
    const kept = grow(index === 0 ? this.#root : this.#pages[index - 1]!, own, ids);
    if (kept === own || !isReady(kept, ids.length)) return;
    this.#pool.hold(kept);
    this.#pages[index] = kept;
    this.#pool.release(own);
  }
}

/** Whether a timeline can have a page as it is after `length` of its ids: nobody writes to it, or nobody else. */
function isReady(page: Page, length: number): boolean {
  return length === PAGE || (page.users === 0 && length === page.ids.length);
}
