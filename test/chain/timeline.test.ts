import assert from "node:assert/strict";
import { test } from "node:test";
import { type Branch, PagePool } from "../../src/chain/pages.ts";
import { Timeline } from "../../src/chain/timeline.ts";
import { prompt } from "../fakes/chain.ts";

function setup(size: number) {
  const pool = new PagePool(size);
  const root: Branch = { next: new Map() };
  /** A timeline of `ids`, of which the first `computed` are. */
  const make = (ids: readonly number[], computed = 0) => {
    const timeline = new Timeline(pool, root);
    timeline.replace(ids);
    if (computed > 0) compute(timeline, computed);
    return timeline;
  };
  return { pool, make };
}

function compute(timeline: Timeline, rows: number) {
  timeline.reserve(timeline.computed + rows);
  const { pages, copyFrom } = timeline.segment(rows);
  timeline.advance(rows);
  return { pages, copyFrom };
}

/** Adopts what there is, and says which pages the next row would be computed with. */
function next(timeline: Timeline) {
  timeline.adopt();
  timeline.reserve(timeline.computed + 1);
  const { pages, position, copyFrom } = timeline.segment(1);
  return { pages, position, copyFrom };
}

test("Timeline.adopt() shares full pages, and copies one that it will write to", () => {
  const { make } = setup(8);
  make(prompt(70, 1), 70);
  const other = make([...prompt(60, 1), 1, 2]);
  assert.deepEqual(next(other), { pages: [0, 3], position: 60, copyFrom: 1 });
  other.advance(1);
  assert.deepEqual(next(other), { pages: [0, 3], position: 61, copyFrom: -1 });
  assert.equal(other.adopted, 60);
});

test("Timeline.overlap() counts the ids under way that are wanted next, behind the same ids in the same tree", () => {
  const { make } = setup(16);
  const [ids, other] = [prompt(70, 1), make(prompt(70, 1), 20)];
  assert.equal(make(ids).overlap(other, 16), 16);
  assert.equal(make(ids, 30).overlap(other, 16), 6);
  assert.equal(make(ids, 40).overlap(other, 16), 0);
  assert.equal(make(ids.slice(0, 30)).overlap(other, 16), 9, "the last one is computed for its hidden state");
  assert.equal(make([...ids.slice(0, 25), 99, 99, 99]).overlap(other, 16), 5);
  assert.equal(make([99, ...ids.slice(1)]).overlap(other, 16), 0);
  assert.equal(setup(16).make(ids).overlap(other, 16), 0, "of another scope");
});

test("Timeline.adopt() takes over a page that ends where it goes on, unless somebody copies it just then", () => {
  const { make } = setup(8);
  const first = make(prompt(40, 1), 40);
  first.retire();
  const copying = make([...prompt(38, 1), 1]);
  assert.deepEqual(next(copying), { pages: [0, 2], position: 38, copyFrom: 1 });
  assert.deepEqual(next(make(prompt(45, 1))), { pages: [0, 3], position: 40, copyFrom: 1 });
  copying.advance(1);
  assert.deepEqual(next(make(prompt(44, 1))), { pages: [0, 4], position: 40, copyFrom: 1 });
  for (const timeline of [copying]) timeline.retire();
});

test("Timeline.adopt() goes on in the middle of a page: over its own rows, from a page that somebody still adds to", () => {
  const { pool, make } = setup(8);
  const [a, b] = [make(prompt(60, 1), 20), make(prompt(60, 1))];
  assert.deepEqual(next(b), { pages: [1], position: 20, copyFrom: 0 });
  b.advance(5);
  assert.deepEqual(next(a), { pages: [0], position: 25, copyFrom: 1 });
  a.advance(4);
  assert.deepEqual(next(b), { pages: [1], position: 29, copyFrom: 0 });
  b.advance(3);
  // The page is full: one is enough for both.
  assert.deepEqual(next(a), { pages: [1, 0], position: 32, copyFrom: -1 });
  assert.equal(pool.used, 2);
  assert.deepEqual([a.adopted, b.adopted], [5 + 3, 20 + 4]);
});

test("Timeline.adopt() takes what has become known since a copy that was not made, and lets go of what it would copy", () => {
  const { pool, make } = setup(8);
  const [a, b] = [make(prompt(60, 1), 20), make(prompt(60, 1))];
  assert.deepEqual(next(b), { pages: [1], position: 20, copyFrom: 0 });
  compute(a, 5);
  assert.deepEqual(next(b), { pages: [1], position: 25, copyFrom: 0 });
  compute(a, 7);
  assert.deepEqual(next(b), { pages: [0, 1], position: 32, copyFrom: -1 });
  a.retire();
  b.retire();
  assert.equal(pool.used, 0);
});

test("Timeline.adopt() leaves what others add to a page after it parts from theirs", () => {
  const { make } = setup(8);
  const a = make(prompt(60, 1), 20);
  const b = make([...prompt(10, 1), ...prompt(30, 2)], 4);
  assert.deepEqual(next(b), { pages: [1], position: 10, copyFrom: 0 });
  b.advance(10);
  assert.deepEqual(next(a), { pages: [0], position: 20, copyFrom: -1 });
  assert.deepEqual(next(b), { pages: [1], position: 20, copyFrom: -1 });
});

test("Timeline.advance() gives nobody a page that somebody else adds to", () => {
  const { pool, make } = setup(8);
  const [a, b] = [make(prompt(60, 1), 20), make(prompt(60, 1), 20)];
  assert.deepEqual([compute(a, 2).pages, compute(b, 2).pages], [[0], [1]]);
  a.retire();
  assert.equal(pool.used, 1);
  b.retire();
  // Only one of the two was kept, with all that is known.
  assert.deepEqual(next(make(prompt(60, 1))), { pages: [0], position: 22, copyFrom: -1 });
});

test("Timeline.retire() keeps what it had before a copy over it that was not made", () => {
  const { pool, make } = setup(8);
  const failed = make(prompt(60, 1), 10);
  make(prompt(20, 1), 20).retire();
  const holder = make(prompt(21, 1));
  assert.deepEqual(next(holder), { pages: [1], position: 20, copyFrom: -1 });
  assert.deepEqual(next(failed), { pages: [0], position: 20, copyFrom: 1 });
  failed.retire();
  assert.equal(pool.used, 1);
  assert.deepEqual(next(make([...prompt(10, 1), 3, 4])), { pages: [0], position: 10, copyFrom: -1 });
});

test("Timeline.adopt() copies only where all that is missing finds room beside the copied page", () => {
  const { pool, make } = setup(4);
  make(prompt(64, 1), 64).retire();
  const tight = make([...prompt(50, 1), ...prompt(60, 2)]);
  assert.deepEqual(next(tight), { pages: [0, 2], position: 32, copyFrom: -1 });
  assert.equal(pool.used, 2);
});

test("Timeline.adopt() copies over its own rows only where all that is missing finds room, too", () => {
  for (const [size, expected] of [
    [3, { pages: [0], position: 5, copyFrom: -1 }],
    [4, { pages: [0], position: 28, copyFrom: 1 }],
  ] as const) {
    const { make } = setup(size);
    const own = make([...prompt(28, 1), ...prompt(60, 2)], 5);
    make(prompt(30, 1), 30).retire();
    assert.deepEqual(next(own), expected);
  }
});

test("Timeline.advance() takes the page that somebody else has computed meanwhile", () => {
  const { pool, make } = setup(8);
  const [a, b] = [make(prompt(80, 1)), make(prompt(80, 1))];
  compute(a, 40);
  assert.deepEqual(compute(b, 70).pages, [2, 3, 4]);
  assert.deepEqual(b.segment(1).pages, [0, 3, 4]);
  assert.equal(pool.used, 4);
  // And the other way: the second page of the first.
  compute(a, 30);
  assert.deepEqual(a.segment(1).pages.slice(0, 2), [0, 3]);
});

test("Timeline.retire() leaves pages of which the last is evicted first", () => {
  const { pool, make } = setup(3);
  make(prompt(90, 1), 90).retire();
  assert.deepEqual(
    [pool.take(), pool.take(), pool.take()].map(({ number }) => number),
    [2, 1, 0],
  );
});

test("Timeline.retire() does not share a page whose copy was not made", () => {
  const { pool, make } = setup(8);
  make(prompt(64, 1), 64).retire();
  const failed = make(prompt(50, 1));
  assert.deepEqual(next(failed), { pages: [0, 2], position: 49, copyFrom: 1 });
  failed.retire();
  assert.equal(pool.used, 0);
  assert.equal(next(make(prompt(50, 1))).copyFrom, 1);
});

test("Timeline.replace() gives up a copy that was not made, so that it holds no room", () => {
  const { pool, make } = setup(8);
  make(prompt(64, 1), 64).retire();
  const failed = make(prompt(50, 1));
  next(failed);
  failed.replace(prompt(60, 1));
  assert.equal(pool.used, 0);
});

test("Timeline.adopt() gives back the pages of a frame that failed", () => {
  const { pool, make } = setup(8);
  const failed = make(prompt(70, 1));
  failed.reserve(64);
  make(prompt(64, 1), 64).retire();
  assert.deepEqual(next(failed), { pages: [2, 3, 1], position: 64, copyFrom: -1 });
  assert.equal(pool.used, 3);
});

test("Timeline.adopted does not count what it had computed itself", () => {
  const { make } = setup(8);
  const timeline = make(prompt(80, 1), 70);
  timeline.retire();
  assert.equal(next(timeline).position, 70);
  assert.equal(timeline.adopted, 0);
});
