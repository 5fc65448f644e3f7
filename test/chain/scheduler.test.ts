// Who shares a frame: the choice itself, and what it promises to streams and to prompts, on a clock that counts the cost of
// frames in decode steps.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PagePool } from "../../src/chain/pages.ts";
import { CHUNK_BESIDE_STREAMS, charge, choose, waitingPrompts } from "../../src/chain/scheduler.ts";
import { ChainSession } from "../../src/chain/session.ts";
import { Timeline } from "../../src/chain/timeline.ts";
import { converse, greedy, makeChain, plans, prompt, random, signal } from "../fakes/chain.ts";
import type { FakeStage } from "../fakes/stage.ts";

const pool = new PagePool(100);

/** A session that asks for `pending` rows; a stream has asked before. */
function asking(pending: number, isStream = pending === 1): ChainSession {
  const session = new ChainSession({
    timeline: new Timeline(pool, { next: new Map() }),
    ...{ positions: 4_000, prompt: 1, math: { exp: Math.exp, log: Math.log } },
    onWork: () => {},
    onClose: () => {},
  });
  if (isStream) session.hidden = new Float32Array(1);
  session.sync(prompt(pending, 0), greedy).catch(() => {});
  return session;
}

const sessionsOf = (choice: ReturnType<typeof choose>) => choice?.works.map(({ session }) => session);

test("choose() puts the decode rows of all and one prompt in a frame, and keeps its chunk short beside streams", () => {
  const [a, b, c, d] = [asking(1), asking(500), asking(1), asking(300)];
  const choice = choose([a!, b!, c!, d!], { stages: 1, rows: 60 });
  assert.deepEqual(sessionsOf(choice), [a, c, b]);
  assert.equal(choice!.chunk, CHUNK_BESIDE_STREAMS);
  assert.equal(choose([b!, d!], { stages: 1, rows: 60 })!.chunk, 60);
  // A stream counts while its reader has its token, too.
  const idle = asking(1);
  idle.work = null;
  assert.equal(choose([idle, b!], { stages: 1, rows: 60 })!.chunk, CHUNK_BESIDE_STREAMS);
});

test("choose() leaves a prompt its chunk beside any number of streams, and serves who waited longest", () => {
  const streams = Array.from({ length: 90 }, (_, i) => Object.assign(asking(1), { servedAt: i % 2 }));
  const long = Object.assign(asking(500), { servedAt: 0 });
  const choice = choose([...streams, long], { stages: 1, rows: 60 });
  assert.equal(choice!.works.length, 53);
  assert.equal(choice!.works.at(-1)!.session, long);
  assert.equal(choice!.chunk, 8);
  assert.ok(choice!.works.slice(0, 45).every(({ session }) => session.servedAt === 0));
});

test("choose() splits the running sessions evenly over the stages, and passes over paused ones", () => {
  const sessions = Array.from({ length: 7 }, () => asking(1));
  assert.deepEqual(sessionsOf(choose(sessions, { stages: 3, rows: 60 })), sessions.slice(0, 3));
  for (const session of sessions.slice(0, 3)) session.inFlight = true;
  for (const session of sessions.slice(5)) session.paused = true;
  assert.deepEqual(sessionsOf(choose(sessions, { stages: 3, rows: 60 })), sessions.slice(3, 5));
  for (const session of sessions.slice(3, 5)) session.inFlight = true;
  assert.equal(choose(sessions, { stages: 3, rows: 60 }), null);
});

test("charge() owes each waiting prompt its equal share of the rows", () => {
  const prompts = [asking(100), asking(100), asking(100)];
  const got = [0, 0, 0];
  for (let frame = 0; frame < 100; frame++) {
    const { session } = choose(prompts, { stages: 1, rows: 60 })!.works[0]!;
    const rows = [3, 7, 8][frame % 3]!;
    charge(waitingPrompts(prompts), session, rows);
    got[prompts.indexOf(session)]! += rows;
    const share = got.reduce((sum, rows) => sum + rows, 0) / 3;
    for (const rows of got) assert.ok(Math.abs(rows - share) <= 8, `${got}`);
  }
});

/** What a frame costs, in decode steps of one row: two rows are one, as measured. */
const cost = (rows: number) => Math.max(1, rows / 2);

/** A clock that the frames of a stage move on. */
function clockOf(stage: FakeStage): () => number {
  return () => stage.seen.reduce((sum, segments) => sum + cost(segments.reduce((rows, [, n]) => rows + n, 0)), 0);
}

for (const plan of Object.keys(plans)) {
  test(`a running stream waits for no more than its own step and one chunk of four, with ${plan}`, async () => {
    const { chain, stages } = makeChain(plan, { rows: 60, kvPositions: 32_768, maxSessions: 20 });
    const now = clockOf(stages[0]!);
    const streams = await Promise.all([1, 2, 3].map((seed) => streamOf(chain, seed)));
    const prompts = Promise.all(
      [600, 30, 900].map(async (length, i) => {
        const session = await chain.open({ positions: length, signal: signal() });
        await converse(session, prompt(length, 10 + i), 0);
        session.close();
      }),
    );
    const waits = await Promise.all(
      streams.map(async (session) => {
        let longest = 0;
        for (let i = 0; i < 80; i++) {
          const asked = now();
          await session.step(i, greedy);
          longest = Math.max(longest, now() - asked);
        }
        return longest;
      }),
    );
    // With N stages a frame waits for those before it; a stage has 1/N of the layers.
    const bound = plans[plan]!.length * (cost(3) + 4);
    for (const wait of waits) assert.ok(wait <= bound, `${wait} steps, bound ${bound}`);
    assert.ok(Math.max(...waits) > 4, "no chunk came in between");
    for (const session of streams) session.close();
    await prompts;
  });
}

async function streamOf(chain: ReturnType<typeof makeChain>["chain"], seed: number) {
  const session = await chain.open({ positions: 200, signal: signal() });
  await session.sync(prompt(10, seed), greedy);
  return session;
}

test("no prompt starves: not the long one among ever new short ones, nor they behind it", async () => {
  const { chain, stages } = makeChain("one stage", { rows: 16, kvPositions: 32_768, maxSessions: 20 });
  const rowsDone = () => stages[0]!.seen.flat().reduce((sum, [, length]) => sum + length, 0);
  const next = random(1);
  let isOver = false;
  const waits: { length: number; rows: number }[] = [];
  const run = async (length: number) => {
    const session = await chain.open({ positions: length, signal: signal() });
    const before = rowsDone();
    await converse(session, prompt(length, length), 0);
    session.close();
    waits.push({ length, rows: rowsDone() - before });
  };
  const shorts = [1, 2].map(async () => {
    while (!isOver) await run(20 + Math.floor(next() * 60));
  });
  await run(2_000);
  isOver = true;
  await Promise.all(shorts);
  // Three wait at a time: nobody waits for more than three times their own rows, but for a chunk of each.
  for (const { length, rows } of waits) assert.ok(rows <= 3 * length + 3 * 16, `${rows} rows passed for ${length}`);
  assert.ok(waits.length > 40);
});
