// The tree of prefixes: pages found by the ids that they and all pages before them hold. A tree belongs to one scope, so
// nobody learns from the speed of an answer what somebody else has asked. Takes ids, gives pages.
// Must not know: sessions, stages, whose scope it is.
//
// Siblings are found by their ids as the key of a Map: it hashes them, and compares them on a hit. The way from the root
// compares the rest, so a page is only found behind the very prefix it was computed after.

import { PAGE } from "../engine/kv-cache.ts";
import { type Branch, cut, keyOf, type Page } from "./pages.ts";

/** The roots of the trees, by scope. There are as many as there are API keys. */
export class Prefixes {
  readonly #roots = new Map<string, Branch>();

  /** A scope's root; without a scope one that nobody else gets. */
  root(scope: string | undefined): Branch {
    const root: Branch = (scope === undefined ? undefined : this.#roots.get(scope)) ?? { next: new Map() };
    if (scope !== undefined) this.#roots.set(scope, root);
    return root;
  }
}

/** The page after `branch` that begins with most of `ids` (at most a page of them), and how many those are. */
export function longestMatch(branch: Branch, ids: readonly number[]): { page: Page; length: number } | null {
  const whole = branch.next.get(keyOf(ids));
  if (whole !== undefined) return { page: whole, length: ids.length };
  let longest: Page | null = null;
  let length = 0;
  for (const page of branch.next.values()) {
    let same = 0;
    while (same < ids.length && page.ids[same] === ids[same]) same++;
    if (same > length) {
      longest = page;
      length = same;
    }
  }
  return longest && { page: longest, length };
}

/**
 * Puts a page into the tree, or has it hold more ids there. If a page with these ids is there already, gives that one and
 * takes the other out: equal ids are equal bits.
 */
export function grow(branch: Branch, page: Page, ids: readonly number[]): Page {
  if (ids.length === 0 || ids.length > PAGE) throw new RangeError(`A page holds 1 to ${PAGE} ids, not ${ids.length}`);
  const key = keyOf(ids);
  const twin = branch.next.get(key);
  if (twin !== page) cut(page);
  if (twin !== undefined) return twin;
  page.ids = ids;
  page.before = branch;
  branch.next.set(key, page);
  return page;
}
