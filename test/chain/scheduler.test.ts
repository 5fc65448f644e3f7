// Who shares a frame: the choice itself, and what it promises to streams and to prompts, on a clock that frames move on by
// what they were measured to cost, position by position.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Chain } from "../../src/chain/chain.ts";
import { type Branch, PagePool } from "../../src/chain/pages.ts";
import { charge, choose, waitingPrompts } from "../../src/chain/scheduler.ts";
import { ChainSession, type Session } from "../../src/chain/session.ts";
import { Timeline } from "../../src/chain/timeline.ts";
import { converse, greedy, makeChain, plans, prompt, random, signal } from "../fakes/chain.ts";
import { type FakeStage, VOCAB } from "../fakes/stage.ts";
import { slow } from "./slow.ts";

const pool = new PagePool(4_000);

/** A session that asks for `pending` rows behind `computed` ones; a stream has asked before. Its scope is its own, or `root`'s. */
function asking(pending: number, computed = 0, root: Branch = { next: new Map() }): ChainSession {
  const session = new ChainSession({
    timeline: new Timeline(pool, root),
    ...{ positions: 40_000, prompt: 1, math: { exp: Math.exp, log: Math.log } },
    onWork: () => {},
    onClose: () => {},
  });
  if (pending === 1) session.hidden = new Float32Array(1);
  session.sync(prompt(computed + pending, 0), greedy).catch(() => {});
  session.timeline.reserve(computed);
  session.timeline.advance(computed);
  return session;
}

const sessionsOf = (choice: ReturnType<typeof choose>) => choice?.works.map(({ session }) => session);

test("choose() puts the decode rows of all and one prompt in a frame, and keeps its chunk short beside streams", () => {
  const [a, b, c, d] = [asking(1), asking(500), asking(1), asking(300)];
  const choice = choose([a!, b!, c!, d!], { stages: 1, rows: 60 });
  assert.deepEqual(sessionsOf(choice), [a, c, b]);
  assert.equal(choice!.chunk(0), 8);
  assert.equal(choose([b!, d!], { stages: 1, rows: 60 })!.chunk(0), 60);
  // A stream counts while its reader has its token, too.
  const idle = asking(1);
  idle.work = null;
  assert.equal(choose([idle, b!], { stages: 1, rows: 60 })!.chunk(0), 8);
});

test("choose() leaves a prompt its chunk beside any number of streams, and serves who waited longest", () => {
  const streams = Array.from({ length: 90 }, (_, i) => Object.assign(asking(1), { servedAt: i % 2 }));
  const long = Object.assign(asking(500), { servedAt: 0 });
  const choice = choose([...streams, long], { stages: 1, rows: 60 });
  assert.equal(choice!.works.length, 53);
  assert.equal(choice!.works.at(-1)!.session, long);
  assert.equal(choice!.chunk(0), 8);
  assert.ok(choice!.works.slice(0, 45).every(({ session }) => session.servedAt === 0));
  // Half of a frame that is small, so that streams go on beside it.
  const small = choose([long, ...streams], { stages: 1, rows: 6 });
  assert.deepEqual([small!.works.length, small!.chunk(0)], [4, 3]);
});

test("choose() splits the running sessions evenly over the stages, and passes over who is paused or refused", () => {
  const sessions = Array.from({ length: 7 }, () => asking(1));
  assert.deepEqual(sessionsOf(choose(sessions, { stages: 3, rows: 60 })), sessions.slice(0, 3));
  for (const session of sessions.slice(0, 3)) session.inFlight = true;
  for (const session of sessions.slice(5)) session.paused = true;
  assert.deepEqual(sessionsOf(choose(sessions, { stages: 3, rows: 60 })), sessions.slice(3, 5));
  for (const session of sessions.slice(3, 5)) session.inFlight = true;
  assert.equal(choose(sessions, { stages: 3, rows: 60 }), null);
  const prompts = [asking(200), asking(100)];
  const choice = choose(prompts, { stages: 3, rows: 60 }, new Set(prompts.slice(0, 1)));
  assert.deepEqual(sessionsOf(choice), prompts.slice(1));
});

test("choose() passes over a prompt of which another of its scope has half a chunk or more under way", () => {
  const isPassed = (pending: number, computed: number, other: readonly [number, number, number], root: Branch) => {
    const [otherPending, otherComputed, rowsInFlight] = other;
    const session = asking(pending, computed, root);
    const busy = Object.assign(asking(otherPending, otherComputed, root), { inFlight: true, rowsInFlight });
    const choice = choose([busy, session], { stages: 3, rows: 60 });
    assert.equal(waitingPrompts([busy, session]).length, choice === null ? 0 : 1);
    return choice === null;
  };
  const scope = () => ({ next: new Map() });
  assert.equal(isPassed(200, 0, [200, 0, 60], scope()), true);
  assert.equal(isPassed(200, 0, [100, 100, 60], scope()), true, "it will adopt the first 100 as well");
  assert.equal(isPassed(100, 130, [100, 100, 60], scope()), true);
  assert.equal(isPassed(100, 131, [100, 100, 60], scope()), false, "29 of 60");
  assert.equal(isPassed(30, 0, [200, 0, 60], scope()), false, "its own last row is not among them");
  assert.equal(isPassed(31, 0, [200, 0, 60], scope()), true);
  assert.equal(isPassed(2, 100, [1, 100, 1], scope()), false, "a step of a stream");
  assert.equal(isPassed(200, 0, [200, 0, 0], scope()), false, "a head once more");
  const prompts = [asking(200), asking(200)];
  Object.assign(prompts[0]!, { inFlight: true, rowsInFlight: 60 });
  assert.equal(choose(prompts, { stages: 3, rows: 60 })!.works[0]!.session, prompts[1], "of another scope");
});

test("choose() counts no stream whose client does not read it", () => {
  const [a, b, prompt] = [asking(1), asking(1), asking(500)];
  for (const session of [a!, b!]) Object.assign(session, { stalled: true, work: null });
  assert.equal(choose([a!, b!, prompt!], { stages: 1, rows: 60 })!.chunk(0), 60);
  const streams = Array.from({ length: 4 }, () => asking(1));
  assert.deepEqual(sessionsOf(choose([a!, b!, ...streams], { stages: 2, rows: 60 })), streams.slice(0, 2));
});

test("charge() owes each waiting prompt its equal share of what the rows cost", () => {
  const depths = [0, 2_000, 8_000];
  const prompts = depths.map((computed) => asking(100, computed));
  const got = [0, 0, 0];
  for (let frame = 0; frame < 100; frame++) {
    const { session } = choose(prompts, { stages: 1, rows: 60 })!.works[0]!;
    const rows = [3, 7, 8][frame % 3]!;
    charge(waitingPrompts(prompts), session, rows);
    const i = prompts.indexOf(session);
    got[i]! += rows * (0.5 + depths[i]! / 4_000);
    const share = got.reduce((sum, cost) => sum + cost, 0) / 3;
    for (const cost of got) assert.ok(Math.abs(cost - share) <= 8 * 2.5, `${got}`);
  }
});

test("choose() cuts a chunk beside streams by what its rows cost where they lie", () => {
  const chunk = (position: number, ...streams: number[]) => {
    const sessions = [asking(500, position), ...streams.map((computed) => asking(1, computed))];
    return choose(sessions, { stages: 1, rows: 60 })!.chunk(position);
  };
  assert.deepEqual(
    [0, 1_000, 2_000, 4_000, 8_000, 30_000].map((position) => chunk(position, 0)),
    [8, 5, 4, 2, 1, 1],
  );
  // A stream that is deep itself has longer steps; the shortest steps count.
  assert.deepEqual([chunk(4_000, 4_000), chunk(4_000, 4_000, 0)], [5, 2]);
  assert.equal(chunk(4_000), 60);
});

/** Rows of a frame, as its segments: [position, length]. */
type Rows = readonly (readonly [number, number])[];

/**
 * What rows cost, in ms, as the 0.5B was measured with q4 and bf16: 7 each for the matrices, where many share a pass, and 14.4
 * for each 4,096 positions that attention reads.
 */
function rowCost(rows: Rows): number {
  return rows.reduce((sum, [at, length]) => sum + length * (7 + (14.4 / 4_096) * (at + (length + 1) / 2)), 0);
}

/** What a frame costs: as its rows, but a pass over the matrices takes as long as two of them. So a step takes 14.6 at 128. */
function frameCost(rows: Rows): number {
  const count = rows.reduce((sum, [, length]) => sum + length, 0);
  return rowCost(rows) + Math.max(0, 14.15 - 7 * count);
}

/** A clock that frames move on. With N stages each stage has 1/N of the layers. */
function clockOf(stages: readonly FakeStage[]): () => number {
  return () => stages[0]!.seen.reduce((sum, rows) => sum + frameCost(rows), 0) / stages.length;
}

/** Nobody waits to be let in. */
const roomy = { rows: 60, kvPositions: 262_144, maxSessions: 50 };

const open = (chain: Chain) => chain.open({ positions: 5_000, signal: signal() });

const isChunk = ([, length]: readonly [number, number]) => length > 1;

/** A session that has all of a prompt. */
async function openAt(chain: Chain, length: number, seed: number): Promise<Session> {
  const session = await open(chain);
  await session.sync(prompt(length, seed), greedy);
  return session;
}

/** All of a prompt, from where the session is. */
async function comeIn(session: Session | Promise<Session>, length: number, seed: number): Promise<void> {
  await converse(await session, prompt(length, seed), 0);
  (await session).close();
}

/** Takes steps until `end`; gives what each took, from its asking to its answer. */
async function stream(session: Session, now: () => number, end: Promise<unknown>): Promise<number[]> {
  let isOver = false;
  const over = end.then(() => {
    isOver = true;
  });
  const waits: number[] = [];
  while (!isOver) {
    const asked = now();
    await session.step(waits.length % VOCAB, greedy);
    waits.push(now() - asked);
  }
  await over;
  session.close();
  return waits;
}

for (const plan of Object.keys(plans)) {
  test(`a running stream waits for its own step and four more at most, at any depth of a prompt, with ${plan}`, async () => {
    const { chain, stages } = makeChain(plan, roomy);
    const deep = await openAt(chain, 3_900, 9);
    const streams = await Promise.all([1, 2, 3].map((seed) => openAt(chain, 128, seed)));
    const prompts = Promise.all([
      comeIn(deep, 4_100, 9),
      ...[300, 30, 600].map((length, i) => comeIn(open(chain), length, 10 + i)),
    ]);
    const waits = await Promise.all(streams.map((session) => stream(session, clockOf(stages), prompts)));
    for (const [step, wait] of waits.flatMap((waits) => [...waits.entries()])) {
      const bound = frameCost([[128 + step, 3]]) + 4 * frameCost([[128 + step, 1]]);
      assert.ok(wait <= bound, `step ${step} took ${wait} ms, bound ${bound}`);
    }
    assert.ok(Math.max(...waits.flat()) > (1 + 3) * 14.6, "chunks are smaller than they may be");
  });
}

test("a prompt that goes on from what others computed has the chunk of where it goes on", async () => {
  const { chain, stages } = makeChain("one stage", roomy);
  const shared = () => chain.open({ positions: 5_000, scope: "key", signal: signal() });
  await comeIn(shared(), 3_968, 9);
  const beside = await openAt(chain, 128, 1);
  const before = stages[0]!.seen.length;
  await stream(beside, () => 0, comeIn(shared(), 4_000, 9));
  const chunks = stages[0]!.seen.slice(before).flat().filter(isChunk);
  assert.deepEqual(chunks[0], [3_968, 2]);
});

test("a stream that begins among full frames waits for one less than there are stages; then chunks are short", async () => {
  const { chain, stages } = makeChain("three stages", roomy);
  stages.forEach(slow);
  const prompts = Promise.all([10, 11, 12].map((seed) => comeIn(open(chain), 200, seed)));
  await stream(await openAt(chain, 20, 1), () => 0, prompts);
  const { seen } = stages[0]!;
  const began = seen.findIndex((rows) => rows.some(([position, length]) => position + length === 20));
  const after = seen.slice(began + 1);
  const full = after.filter((rows) => rowCost(rows.filter(isChunk)) > 4 * 14.6);
  // They were chosen while its prompt was computed. A stage has a third of the layers: two thirds of a full frame in all.
  assert.equal(full.length, 2);
  assert.deepEqual(after.slice(0, 2), full);
  assert.ok(after.slice(2).some((rows) => rows.some(isChunk)));
});

test("neither streams nor prompts starve where there are more streams than rows", async () => {
  const { chain, stages } = makeChain("one stage", { ...roomy, rows: 16 });
  const { seen } = stages[0]!;
  const deep = await openAt(chain, 2_000, 9);
  const streams = await Promise.all(Array.from({ length: 40 }, (_, seed) => openAt(chain, 10, seed)));
  const before = seen.length;
  const prompts = Promise.all([comeIn(deep, 2_150, 9), comeIn(open(chain), 250, 50)]);
  let end = 0;
  prompts.then(() => {
    end = seen.length;
  });
  const waits = await Promise.all(streams.map((session) => stream(session, () => seen.length, prompts)));
  // A prompt takes half of so small a frame at most, so of those who wait longest eight are served with each.
  const turn = Math.ceil((streams.length + 1) / 8);
  assert.ok(Math.max(...waits.flat()) <= turn, `a stream waited for ${Math.max(...waits.flat())} frames`);
  // And a prompt has a chunk in each turn, of two steps at least unless it is the prompt's end.
  const chunks = seen.slice(before, end).map((rows) => rows.filter(isChunk));
  for (const i of chunks.keys()) {
    assert.ok(chunks.slice(i, i + turn).flat().length > 0 || i + turn > chunks.length, `no chunk from frame ${i}`);
  }
  const small = chunks.filter((rows) => rows.length > 0 && rowCost(rows) < 2 * 14.15);
  assert.ok(small.length <= 2, `${small.length} small chunks`);
});

/** What all chunks have cost, in ms. */
const chunksCost = ({ seen }: FakeStage): number => rowCost(seen.flat().filter(isChunk));

test("prompts share the time that streams leave evenly, however deep one of them is", async () => {
  const { chain, stages } = makeChain("one stage", roomy);
  const deep = await openAt(chain, 3_000, 9);
  const beside = await openAt(chain, 128, 1);
  const start = chunksCost(stages[0]!);
  const ends: { own: number; all: number }[] = [];
  const run = async (session: Session | Promise<Session>, from: number, length: number, seed: number) => {
    await comeIn(session, from + length, seed);
    ends.push({ own: rowCost([[from, length]]), all: chunksCost(stages[0]!) - start });
  };
  const prompts = Promise.all([run(open(chain), 0, 150, 10), run(open(chain), 0, 100, 11), run(deep, 3_000, 120, 9)]);
  await stream(beside, () => 0, prompts);
  // A chunk is as four steps of the stream.
  for (const { own, all } of ends) assert.ok(all <= 3 * own + 3 * 4 * 14.6, `${all} ms passed for ${own}`);
});

test("no prompt starves: not the long one among ever new short ones, nor they behind it", async () => {
  const { chain, stages } = makeChain("one stage", { rows: 16, kvPositions: 32_768, maxSessions: 20 });
  const next = random(1);
  let isOver = false;
  const waits: { own: number; all: number }[] = [];
  const run = async (length: number) => {
    const session = await chain.open({ positions: length, signal: signal() });
    const before = chunksCost(stages[0]!);
    await converse(session, prompt(length, length), 0);
    session.close();
    waits.push({ own: rowCost([[0, length]]), all: chunksCost(stages[0]!) - before });
  };
  const shorts = [1, 2].map(async () => {
    while (!isOver) await run(20 + Math.floor(next() * 60));
  });
  await run(2_000);
  isOver = true;
  await Promise.all(shorts);
  // Three wait at a time: nobody waits for more than three times what their own rows cost, but for a chunk of each.
  const chunk = rowCost([[2_000, 16]]);
  for (const { own, all } of waits) assert.ok(all <= 3 * own + 3 * chunk, `${all} ms passed for ${own}`);
  assert.ok(waits.length > 40);
});
