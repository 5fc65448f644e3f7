// When the pages run out: who is paused, who never, and that it changes nothing but the time.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChainSession, Session } from "../../src/chain/session.ts";
import { converse, greedy, makeChain, plans, prompt, signal } from "../fakes/chain.ts";
import { expectedId } from "../fakes/stage.ts";

/** Counts how often a session is paused. */
function watch(session: Session): { readonly count: number } {
  const pauses = { count: 0 };
  const chainSession = session as ChainSession;
  const pause = chainSession.pause.bind(chainSession);
  chainSession.pause = () => {
    pauses.count++;
    pause();
  };
  return pauses;
}

for (const plan of Object.keys(plans)) {
  for (const scope of ["a", undefined]) {
    test(`sessions that outgrow the pool all end, the oldest is not paused, ${plan}, ${scope ? "shared" : "private"}`, async () => {
      const { chain } = makeChain(plan, { kvPositions: 32 * 12 });
      const order: number[] = [];
      const all = await Promise.all(
        [0, 1, 2, 3].map(() => chain.open({ prompt: 40, positions: 32 * 7, scope, signal: signal() })),
      );
      const pauses = all.map(watch);
      await Promise.all(
        all.map(async (session, i) => {
          await converse(session, prompt(40, i), 170);
          order.push(i);
          session.close();
        }),
      );
      assert.deepEqual(order, [0, 1, 2, 3]);
      assert.equal(pauses[0]!.count, 0);
      // Each goes on only when it need not stop again.
      assert.deepEqual(
        pauses.slice(1).map(({ count }) => count),
        [1, 1, 1],
      );
    });
  }
}

test("a prompt that finds no page is paused in the middle and goes on from what is left of it", async () => {
  const { chain, stages } = makeChain("one stage", { kvPositions: 32 * 8, rows: 16 });
  const old = await chain.open({ prompt: 1, positions: 32 * 6, scope: "a", signal: signal() });
  await converse(old, prompt(90, 1), 1);
  const young = await chain.open({ prompt: 1, positions: 32 * 6, scope: "a", signal: signal() });
  const pauses = watch(young);
  const answer = young.sync(prompt(180, 2), greedy);
  while (pauses.count === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  stages[0]!.seen.length = 0;
  old.close();
  assert.equal((await answer).top[0]!.id, expectedId(prompt(180, 2)));
  assert.equal(stages[0]!.seen[0]![0]![0], 160, "its pages were still there");
  assert.equal(young.cachedTokens, 0, "its own work is nobody else's");
  young.close();
});

test("while a session is paused nobody new is let in before it", async () => {
  const { chain, stages } = makeChain("one stage", { kvPositions: 32 * 8 });
  const old = await chain.open({ prompt: 1, positions: 32 * 8, signal: signal() });
  const young = await chain.open({ prompt: 1, positions: 32 * 3, signal: signal() });
  const pauses = watch(young);
  await converse(young, prompt(70, 1), 1);
  const ids = await converse(old, prompt(190, 2), 1);
  assert.equal(pauses.count, 1);
  const waiting = chain.open({ positions: 20, signal: signal() });
  assert.deepEqual(chain.load, { active: 2, waiting: 1 });
  // Its head can be asked again meanwhile: that takes no page.
  await young.again(greedy);
  assert.deepEqual(stages[0]!.seen.at(-1), [[70, 1]]);
  assert.equal((await old.step(1, greedy)).top[0]!.id, expectedId([...ids, 1]));
  old.close();
  (await waiting).close();
  await converse(young, prompt(75, 1), 3);
  young.close();
});

test("a paused session can be closed", async () => {
  const { chain } = makeChain("one stage", { kvPositions: 32 * 8 });
  const old = await chain.open({ prompt: 1, positions: 32 * 8, signal: signal() });
  const controller = new AbortController();
  const young = await chain.open({ prompt: 1, positions: 32 * 4, signal: controller.signal });
  await converse(young, prompt(70, 1), 1);
  await converse(old, prompt(190, 2), 1);
  const step = young.step(1, greedy);
  controller.abort();
  await assert.rejects(step, { name: "AbortError" });
  assert.deepEqual(chain.load, { active: 1, waiting: 0 });
  await converse(old, prompt(255, 2), 1);
  old.close();
});

// Without the rule it would wait for ever.
const patient = { timeout: 60_000 };

test(
  "a client that does not read has no pages that others wait for, and goes on when it reads again",
  patient,
  async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const clock = setInterval(() => t.mock.timers.tick(100), 1);
    t.after(() => clearInterval(clock));
    const { chain } = makeChain("one stage", { kvPositions: 32 * 8 });
    const open = () => chain.open({ prompt: 1, positions: 32 * 8, signal: signal() });
    const [old, young] = (await Promise.all([open(), open()])) as [Session, Session];
    const ids = await converse(old, prompt(190, 1), 1);
    const pauses = [watch(old), watch(young)];
    // The young one is paused and waits: for as long as nobody asks the old one for its next step, nothing is computed.
    await converse(young, prompt(90, 2), 10);
    assert.deepEqual(
      pauses.map(({ count }) => count),
      [1, 1],
    );
    const step = old.step(1, greedy);
    young.close();
    assert.equal((await step).top[0]!.id, expectedId([...ids, 1]));
    old.close();
  },
);

test("a session alone may have the whole budget, and knows where it ends", async () => {
  const { chain } = makeChain("one stage", { kvPositions: 96 });
  const session = await chain.open({ prompt: 5, positions: 4_000, signal: signal() });
  assert.equal(session.positions, 96);
  await converse(session, prompt(5, 1), 91);
  session.close();
  assert.throws(() => chain.open({ prompt: 97, positions: 4_000, signal: signal() }), RangeError);
});
