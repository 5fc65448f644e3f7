import assert from "node:assert/strict";
import { test } from "node:test";
import type { Candidates } from "../../src/chain/merge.ts";
import { PagePool } from "../../src/chain/pages.ts";
import { ChainSession } from "../../src/chain/session.ts";
import { Timeline } from "../../src/chain/timeline.ts";
import { converse, greedy, makeChain, plans, prompt, signal } from "../fakes/chain.ts";
import { expectedId } from "../fakes/stage.ts";

for (const plan of Object.keys(plans)) {
  test(`Chain computes a prompt in chunks and then steps, with ${plan}`, async () => {
    const { chain, stages } = makeChain(plan);
    const session = await chain.open({ positions: 120, signal: signal() });
    await converse(session, prompt(70, 1), 40);
    assert.deepEqual(stages[0]!.seen.slice(0, 6).flat(), [
      [0, 16],
      [16, 16],
      [32, 16],
      [48, 16],
      [64, 6],
      [70, 1],
    ]);
    session.close();
  });

  test(`Chain serves several sessions in one frame, each as if it were alone, with ${plan}`, async () => {
    const { chain, stages } = makeChain(plan);
    const sessions = await Promise.all([1, 2, 3, 4].map(() => chain.open({ positions: 90, signal: signal() })));
    await Promise.all(sessions.map((session, i) => converse(session, prompt(5 + 17 * i, i), 30)));
    if (plan === "one stage") assert.ok(stages[0]!.seen.some((segments) => segments.length === 4));
    for (const session of sessions) session.close();
    assert.deepEqual(chain.load, { active: 0, waiting: 0 });
  });
}

test("Chain serves everybody with frames of any size, of one row too", async () => {
  for (const rows of [1, 2, 3]) {
    const { chain } = makeChain("three stages", { rows });
    const sessions = await Promise.all([1, 2, 3].map(() => chain.open({ positions: 40, signal: signal() })));
    await Promise.all(sessions.map((session, i) => converse(session, prompt(3 + 4 * i, i), 8)));
    for (const session of sessions) session.close();
  }
});

test("Session.sync() computes only what is missing of a prefix", async () => {
  const { chain, stages } = makeChain("one stage");
  const session = await chain.open({ positions: 64, signal: signal() });
  await session.sync(prompt(20, 1), greedy);
  stages[0]!.seen.length = 0;
  const { top } = await session.sync([...prompt(20, 1).slice(0, 18), 1, 2, 3], greedy);
  assert.equal(top[0]!.id, expectedId([...prompt(20, 1).slice(0, 18), 1, 2, 3]));
  assert.deepEqual(stages[0]!.seen, [[[18, 3]]]);
  await session.sync([...prompt(20, 1).slice(0, 18), 1, 2, 3], greedy);
  assert.deepEqual(stages[0]!.seen.at(-1), [[20, 1]]);
  assert.equal(session.cachedTokens, 0, "the first sync computed everything");
  session.close();
});

test("Session.again() asks the head once more and appends nothing", async () => {
  const { chain } = makeChain("three stages");
  const session = await chain.open({ positions: 64, signal: signal() });
  await session.sync(prompt(20, 1), greedy);
  const { top } = await session.again({ ...greedy, top: 5 });
  assert.equal(top[0]!.id, expectedId(prompt(20, 1)));
  assert.equal((await session.step(3, greedy)).top[0]!.id, expectedId([...prompt(20, 1), 3]));
  session.close();
});

test("a session has stalled when nobody asks for more within five seconds of its answer, until somebody does", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let calls = 0;
  const session = new ChainSession({
    timeline: new Timeline(new PagePool(8), { next: new Map() }),
    ...{ positions: 100, prompt: 1, math: { exp: Math.exp, log: Math.log } },
    onWork: () => calls++,
    onClose: () => {},
  });
  const answer = () => session.answer(session.work!, new Float32Array(1), {} as Candidates);
  const isStalledAfter = (ms: number) => {
    t.mock.timers.tick(ms);
    return session.stalled;
  };
  session.sync([1, 2], greedy);
  assert.equal(isStalledAfter(60_000), false, "it is the reader who waits");
  answer();
  assert.equal(isStalledAfter(4_999), false);
  session.step(3, greedy);
  answer();
  assert.equal(isStalledAfter(4_999), false);
  calls = 0;
  assert.equal(isStalledAfter(1), true);
  assert.equal(calls, 1, "somebody may have waited for its pages");
  session.step(4, greedy);
  assert.equal(session.stalled, false);
  answer();
  session.close();
  assert.equal(isStalledAfter(60_000), false);
});

test("Chain.open() makes requests wait in line, then refuses with BusyError", async () => {
  const { chain } = makeChain("one stage", { maxSessions: 1 });
  const first = await chain.open({ positions: 32, signal: signal() });
  const second = chain.open({ positions: 32, signal: signal() });
  const third = chain.open({ positions: 32, signal: signal() });
  assert.throws(() => chain.open({ positions: 32, signal: signal() }), { name: "BusyError", status: 429 });
  first.close();
  (await second).close();
  (await third).close();
  assert.deepEqual(chain.load, { active: 0, waiting: 0 });
});

test("Chain.open() reserves prompt and answer, so a long request waits for pages and is not overtaken", async () => {
  const { chain } = makeChain("one stage", { kvPositions: 128 });
  const first = await chain.open({ positions: 96, signal: signal() });
  const order: string[] = [];
  const long = chain.open({ positions: 64, signal: signal() }).then(() => order.push("long"));
  const short = chain.open({ positions: 32, signal: signal() }).then(() => order.push("short"));
  first.close();
  await Promise.all([long, short]);
  assert.deepEqual(order, ["long", "short"]);
  assert.throws(() => chain.open({ positions: 129, signal: signal() }), RangeError);
});

test("aborting closes a session within one step and frees its pages", async () => {
  const { chain, stages } = makeChain("one stage", { rows: 4 });
  const controller = new AbortController();
  const session = await chain.open({ positions: 400, signal: controller.signal });
  const answer = session.sync(prompt(300, 1), greedy);
  await new Promise((resolve) => setTimeout(resolve, 5));
  controller.abort();
  await assert.rejects(answer, { name: "AbortError" });
  const frames = stages[0]!.seen.length;
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(stages[0]!.seen.length <= frames + 1, "work went on after the abort");
  assert.deepEqual(chain.load, { active: 0, waiting: 0 });
  const next = await chain.open({ positions: 1024, signal: signal() });
  await converse(next, prompt(900, 2), 3);
  next.close();
});

test("aborting while in line gives the place to the next", async () => {
  const { chain } = makeChain("one stage", { maxSessions: 1 });
  const first = await chain.open({ positions: 32, signal: signal() });
  const controller = new AbortController();
  const second = chain.open({ positions: 32, signal: controller.signal });
  const third = chain.open({ positions: 32, signal: signal() });
  controller.abort();
  await assert.rejects(second, { name: "AbortError" });
  first.close();
  await third;
});

test("a stage that fails rejects its sessions with UnavailableError, and the next call recomputes what is missing", async () => {
  const { chain, stages } = makeChain("one stage");
  const session = await chain.open({ positions: 64, signal: signal() });
  await session.sync(prompt(10, 1), greedy);
  stages[0]!.failNext = true;
  await assert.rejects(session.step(5, greedy), { name: "UnavailableError", status: 503 });
  const { top } = await session.sync([...prompt(10, 1), 5], greedy);
  assert.equal(top[0]!.id, expectedId([...prompt(10, 1), 5]));
  session.close();
});
