// What was computed once is not computed again: over fake stages, which notice every wrong page.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Session } from "../../src/chain/session.ts";
import { converse, greedy, makeChain, plans, prompt, random, signal } from "../fakes/chain.ts";
import { expectedId, VOCAB } from "../fakes/stage.ts";

/** Opens a session for one conversation and closes it; how many of its tokens were cached, and all ids. */
async function turn(
  chain: { open: ReturnType<typeof makeChain>["chain"]["open"] },
  ids: readonly number[],
  options: { steps?: number; scope?: string } = {},
) {
  const { steps = 0, scope = "a" } = options;
  const session = await chain.open({ positions: ids.length + steps + 1, scope, signal: signal() });
  const all = await converse(session, ids, steps);
  const { cachedTokens } = session;
  session.close();
  return { all, cachedTokens };
}

for (const plan of Object.keys(plans)) {
  test(`a conversation's next turn computes only what is new, with ${plan}`, async () => {
    const { chain, stages } = makeChain(plan);
    const first = await turn(chain, prompt(70, 1), { steps: 20 });
    assert.equal(first.cachedTokens, 0);
    stages[0]!.seen.length = 0;
    // The last token of the answer was chosen and then computed by converse(): all 90 are known.
    const second = await turn(chain, [...first.all, 5, 6, 7]);
    assert.equal(second.cachedTokens, 90);
    assert.deepEqual(stages[0]!.seen, [[[90, 3]]]);
  });

  test(`a warm prompt costs one row, wherever it ends in a page, with ${plan}`, async () => {
    const { chain, stages } = makeChain(plan);
    await turn(chain, prompt(100, 1), { steps: 5 });
    for (const length of [1, 2, 31, 32, 33, 64, 70, 96, 97, 100]) {
      stages[0]!.seen.length = 0;
      assert.equal((await turn(chain, prompt(length, 1))).cachedTokens, length - 1);
      assert.deepEqual(stages[0]!.seen, [[[length - 1, 1]]]);
    }
  });
}

test("a prompt that leaves a known one in the middle of a page goes on from a copy, and the known one is kept", async () => {
  const { chain, stages } = makeChain("one stage");
  const known = prompt(64, 1);
  await turn(chain, known);
  const other = [...known.slice(0, 50), ...prompt(20, 2)];
  stages[0]!.seen.length = 0;
  assert.equal((await turn(chain, other)).cachedTokens, 50);
  assert.equal((await turn(chain, [...known, 1])).cachedTokens, 64);
  assert.equal((await turn(chain, [...other, 1])).cachedTokens, 70);
  assert.deepEqual(stages[0]!.seen.flat(), [
    [50, 16],
    [66, 4],
    [64, 1],
    [70, 1],
  ]);
});

test("sessions that run share pages, and what they write is their own", async () => {
  const { chain } = makeChain("one stage", { kvPositions: 32 * 8, maxSessions: 8 });
  await turn(chain, prompt(70, 1));
  // Alone each of them needs 4 pages, and there are 8.
  const sessions = await Promise.all(
    [1, 2, 3, 4].map(() => chain.open({ prompt: 1, positions: 100, scope: "a", signal: signal() })),
  );
  await Promise.all(sessions.map((session, i) => converse(session, [...prompt(68, 1), i, i + 1], 20)));
  for (const session of sessions) assert.equal(session.cachedTokens, 68);
  for (const session of sessions) session.close();
});

// Chunks that end with a page, in the middle of one, and many to a page.
const cuts = Object.keys(plans).flatMap((plan) => [32, 60, 8].map((rows) => ({ plan, rows })));
for (const { plan, rows } of cuts) {
  test(`prompts that come at once and begin alike are computed once, in chunks of ${rows}, with ${plan}`, async () => {
    const total = async (prompts: number[][]) => {
      const { chain, stages } = makeChain(plan, { rows });
      const turns = await Promise.all(prompts.map((ids) => turn(chain, ids)));
      const computed = stages[0]!.seen.flat().reduce((sum, [, length]) => sum + length, 0);
      // Each id was computed for this prompt or had been for another.
      const cached = turns.reduce((sum, { cachedTokens }) => sum + cachedTokens, 0);
      assert.equal(computed + cached, prompts.flat().length);
      return computed;
    };
    // Equal ones: everything once, and the last row, whose hidden state each wants.
    assert.equal(await total([prompt(321, 1), prompt(321, 1)]), 321 + 1);
    // What is known only when their last ids are reached.
    assert.equal(await total([7, 8, 9].map((last) => [...prompt(320, 1), last])), 320 + 3);
  });
}

test("nothing is shared between scopes, nor by a session without one", async () => {
  const { chain } = makeChain("one stage");
  await turn(chain, prompt(70, 1), { scope: "a" });
  assert.equal((await turn(chain, prompt(70, 1), { scope: "b" })).cachedTokens, 0);
  assert.equal((await turn(chain, prompt(70, 1), { scope: "a" })).cachedTokens, 69);
  for (let i = 0; i < 2; i++) {
    const session = await chain.open({ positions: 80, signal: signal() });
    await converse(session, prompt(70, 1), 2);
    assert.equal(session.cachedTokens, 0);
    session.close();
  }
});

test("a session without a scope leaves nothing behind that would take the room of others", async () => {
  const { chain } = makeChain("one stage", { kvPositions: 32 * 6 });
  await turn(chain, prompt(70, 1));
  for (let i = 0; i < 5; i++) {
    const session = await chain.open({ positions: 80, signal: signal() });
    await converse(session, prompt(70, 2 + i), 2);
    session.close();
  }
  assert.equal((await turn(chain, prompt(70, 1))).cachedTokens, 69);
});

test("what was used least recently makes room, pages that are held never", async () => {
  const { chain } = makeChain("one stage", { kvPositions: 32 * 6 });
  await turn(chain, prompt(64, 1));
  await turn(chain, prompt(64, 2));
  await turn(chain, prompt(33, 1));
  const holder = await chain.open({ positions: 40, scope: "a", signal: signal() });
  await converse(holder, prompt(32, 2), 1);
  assert.equal(holder.cachedTokens, 31);
  await turn(chain, prompt(64, 3));
  // The ends of the first two went. What is left of the first is what the short prompt used after it.
  assert.equal((await turn(chain, prompt(64, 1))).cachedTokens, 33);
  await converse(holder, prompt(36, 2), 3);
  holder.close();
});

test("a page is found by its ids behind its own prefix only", async () => {
  const { chain } = makeChain("one stage");
  const [a, b] = [prompt(32, 1), prompt(32, 2)];
  await turn(chain, [...a, ...b, 1]);
  assert.equal((await turn(chain, [...b, ...b, 1])).cachedTokens, 0);
  assert.equal((await turn(chain, [...b, ...a, 1])).cachedTokens, 32);
});

test("after a stage failed, the pages that were to be written are not shared", async () => {
  const { chain, stages } = makeChain("one stage", { rows: 64 });
  await turn(chain, prompt(40, 1));
  const session = await chain.open({ positions: 100, scope: "a", signal: signal() });
  stages[0]!.failNext = true;
  await assert.rejects(session.sync([...prompt(38, 1), 1, 2, 3], greedy), { name: "UnavailableError" });
  assert.equal((await turn(chain, [...prompt(38, 1), 1, 2, 3])).cachedTokens, 38);
  await converse(session, [...prompt(38, 1), ...prompt(30, 3)], 5);
  session.close();
});

// Everything at once: prompts that begin alike, a pool that is too small, clients that leave, every way to cut.
for (const plan of Object.keys(plans)) {
  for (const rows of [3, 16, 64]) {
    test(`any mixture of sessions gives each what it would get alone, ${plan}, ${rows} rows`, async () => {
      const next = random(rows);
      const { chain, stages } = makeChain(plan, { rows, kvPositions: 32 * 12, maxSessions: 6, queue: 100 });
      const talk = async (): Promise<void> => {
        const controller = new AbortController();
        const scope = ["a", "b", undefined][Math.floor(next() * 3)];
        const ids = [...prompt(Math.floor(next() * 120), Math.floor(next() * 2)), Math.floor(next() * VOCAB)];
        const steps = Math.floor(next() * 40);
        const { length } = ids;
        const options = { prompt: length, positions: length + steps + 5, scope, signal: controller.signal };
        const session: Session = await chain.open(options);
        if (next() < 0.2) setTimeout(() => controller.abort(), next() * 30);
        try {
          const all = await converse(session, ids, steps);
          const { top } = await session.again(greedy);
          assert.equal(top[0]!.id, expectedId(all));
          await converse(session, [...all.slice(0, Math.floor(next() * all.length)), 3], 3);
        } catch (error) {
          if (!controller.signal.aborted) throw error;
        }
        session.close();
      };
      await Promise.all(Array.from({ length: 60 }, talk));
      assert.deepEqual(chain.load, { active: 0, waiting: 0 });
      assert.ok(stages[0]!.seen.some((segments) => segments.length > 1));
      // Every page came back: one session can have them all.
      const last = await chain.open({ positions: 32 * 12, signal: signal() });
      await converse(last, prompt(32 * 12 - 1, 5), 1);
      last.close();
    });
  }
}
