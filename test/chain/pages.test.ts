import assert from "node:assert/strict";
import { test } from "node:test";
import { type Branch, type Page, PagePool, pagesFor } from "../../src/chain/pages.ts";
import { grow } from "../../src/chain/prefix.ts";

test("pagesFor() rounds up to pages of 32 positions", () => {
  assert.deepEqual([0, 1, 32, 33, 4096].map(pagesFor), [0, 1, 1, 2, 128]);
});

test("PagePool never gives more than it has, and takes everything back", () => {
  const pool = new PagePool(4);
  const pages = [pool.take(), pool.take(), pool.take()];
  assert.deepEqual(
    pages.map(({ number }) => number),
    [0, 1, 2],
  );
  assert.deepEqual([pool.used, pool.hasRoom(1), pool.hasRoom(2)], [3, true, false]);
  for (const page of pages.reverse()) pool.release(page);
  const numbers = [pool.take(), pool.take(), pool.take(), pool.take()].map(({ number }) => number);
  assert.deepEqual(numbers, [0, 1, 2, 3]);
  assert.throws(() => pool.take(), RangeError);
});

/** Pages of one timeline, each behind the one before, in the tree. */
function chainOf(pool: PagePool, root: Branch, ids: readonly number[]): Page[] {
  let branch = root;
  return ids.map((id) => {
    const page = grow(branch, pool.take(), [id]);
    branch = page;
    return page;
  });
}

test("PagePool evicts what was used least recently, the end of a prefix before its beginning", () => {
  const pool = new PagePool(5);
  const root = { next: new Map<string, Page>() };
  const [a, b] = chainOf(pool, root, [1, 2]);
  const [c, d] = chainOf(pool, root, [3, 4]);
  for (const page of [b!, a!, d!, c!]) pool.release(page);
  assert.deepEqual([pool.used, pool.hasRoom(5)], [0, true]);
  // The first is used again, its end is not.
  pool.hold(a!);
  pool.release(a!);
  assert.equal(pool.take().number, 4, "a free page comes before any that keeps something");
  const taken = [pool.take(), pool.take(), pool.take(), pool.take()].map(({ number }) => number);
  assert.deepEqual(
    taken,
    [b, d, c, a].map((page) => page!.number),
  );
  assert.equal(root.next.size, 0);
});

test("PagePool.forget() frees what nobody holds behind a prefix", () => {
  const pool = new PagePool(3);
  const root = { next: new Map<string, Page>() };
  const [a, b] = chainOf(pool, root, [1, 2]);
  pool.release(b!);
  pool.forget(root);
  assert.deepEqual([pool.used, a!.next.size, root.next.size], [1, 0, 1]);
  pool.release(a!);
  pool.forget(root);
  assert.equal(root.next.size, 0);
  assert.deepEqual([pool.take(), pool.take(), pool.take()].map(({ number }) => number).sort(), [0, 1, 2]);
});
