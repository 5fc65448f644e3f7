import assert from "node:assert/strict";
import { test } from "node:test";
import { PagePool, pagesFor } from "../../src/chain/pages.ts";

test("pagesFor() rounds up to pages of 32 positions", () => {
  assert.deepEqual([0, 1, 32, 33, 4096].map(pagesFor), [0, 1, 1, 2, 128]);
});

test("PagePool never gives more than it has, and takes everything back", () => {
  const pool = new PagePool(4);
  pool.reserve(3);
  assert.equal(pool.hasRoom(2), false);
  assert.throws(() => pool.reserve(2), RangeError);
  const pages = [pool.take(), pool.take()];
  assert.deepEqual(pages, [0, 1]);
  pool.release(pages, 3);
  assert.equal(pool.hasRoom(4), true);
  assert.deepEqual([pool.take(), pool.take(), pool.take(), pool.take()].sort(), [0, 1, 2, 3]);
  assert.throws(() => pool.take(), RangeError);
});
