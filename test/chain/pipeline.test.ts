// Several frames under way: what is under way for one session is not computed for another, and a session that cannot go on
// holds up nobody else.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Session } from "../../src/chain/session.ts";
import { converse, greedy, makeChain, prompt, signal } from "../fakes/chain.ts";
import { expectedId } from "../fakes/stage.ts";
import { slow } from "./slow.ts";

function makeSlowChain(limits: Parameters<typeof makeChain>[1] = {}) {
  const made = makeChain("three stages", limits);
  made.stages.forEach(slow);
  const rowsDone = () => made.stages[0]!.seen.flat().reduce((sum, [, length]) => sum + length, 0);
  const open = (scope = "a") => made.chain.open({ prompt: 1, positions: 400, scope, signal: signal() });
  return { ...made, rowsDone, open };
}

async function end(session: Session, ids: readonly number[]): Promise<void> {
  await converse(session, ids, 0);
  session.close();
}

for (const rows of [60, 32, 7]) {
  test(`equal prompts that come together are computed once, though frames overlap, in chunks of ${rows}`, async () => {
    const { rowsDone, open } = makeSlowChain({ rows });
    const sessions = await Promise.all([1, 2, 3].map(() => open()));
    await Promise.all(sessions.map((session) => end(session, prompt(200, 1))));
    // And the last row, whose hidden state each wants.
    assert.equal(rowsDone(), 200 + 2);
  });
}

test("a prompt that waits for another's rows leaves its place to a third", async () => {
  const { stages, open } = makeSlowChain({ rows: 32 });
  const [a, b, c] = (await Promise.all([open(), open(), open("b")])) as [Session, Session, Session];
  await Promise.all([end(a, prompt(64, 1)), end(b, prompt(64, 1)), end(c, prompt(20, 1))]);
  assert.deepEqual(stages[0]!.seen.slice(0, 2), [[[0, 32]], [[0, 20]]]);
});

test("a prompt that waits for another's rows goes on by itself when that one leaves", async () => {
  const { rowsDone, open } = makeSlowChain({ rows: 32 });
  const [a, b] = (await Promise.all([open(), open()])) as [Session, Session];
  const left = assert.rejects(a.sync(prompt(100, 1), greedy), { name: "AbortError" });
  const answer = b.sync(prompt(100, 1), greedy);
  a.close();
  await left;
  assert.equal((await answer).top[0]!.id, expectedId(prompt(100, 1)));
  // The frame under way came back, and what it computed was taken.
  assert.deepEqual([rowsDone(), b.cachedTokens], [100, 32]);
  b.close();
});

test("a prompt that waits for another's rows goes on by itself when their frame is lost", async () => {
  const { stages, rowsDone, open } = makeSlowChain({ rows: 32 });
  const [a, b] = (await Promise.all([open(), open()])) as [Session, Session];
  stages[1]!.failNext = true; // where the frame looks up ids first
  const lost = assert.rejects(a.sync(prompt(100, 1), greedy), { name: "UnavailableError" });
  await end(b, prompt(100, 1));
  await lost;
  assert.deepEqual([rowsDone(), b.cachedTokens], [100, 0]);
  a.close();
});

test("a session that needs no page goes on while an older one waits for the pages of one under way", async () => {
  const { stages, open } = makeSlowChain({ kvPositions: 32 * 6 });
  const [old, middle, young] = (await Promise.all([open(), open("b"), open("c")])) as [Session, Session, Session];
  await old.sync(prompt(64, 1), greedy);
  await middle.sync(prompt(40, 1), greedy);
  await young.sync(prompt(41, 1), greedy);
  const before = stages[0]!.seen.length;
  const order: string[] = [];
  const step = (name: string, session: Session) => session.step(1, greedy).then(() => order.push(name));
  // All pages are held. The old one needs one more, and the youngest can give up its own only when it is back.
  await Promise.all([step("young", young), step("old", old), step("middle", middle)]);
  assert.deepEqual(order, ["young", "middle", "old"]);
  assert.deepEqual(stages[0]!.seen.slice(before), [[[41, 1]], [[40, 1]], [[64, 1]]]);
  for (const session of [old, middle, young]) session.close();
});
