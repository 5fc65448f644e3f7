import assert from "node:assert/strict";
import { test } from "node:test";
import { Admission } from "../../src/chain/admission.ts";
import { PagePool } from "../../src/chain/pages.ts";
import { ChainSession } from "../../src/chain/session.ts";
import { Timeline } from "../../src/chain/timeline.ts";
import { greedy, prompt, signal } from "../fakes/chain.ts";

type Two = [ChainSession, ChainSession];
type Four = [...Two, ...Two];

function setup(pages: number) {
  const pool = new PagePool(pages);
  const admission: Admission = new Admission(pool, { maxSessions: 8, queue: 8 }, ({ prompt, positions }) => {
    const timeline = new Timeline(pool, { next: new Map() });
    const math = { exp: Math.exp, log: Math.log };
    const onClose = (session: ChainSession) => admission.leave(session);
    return new ChainSession({ timeline, prompt, positions, math, onWork: () => {}, onClose });
  });
  /** Sessions that hold pages for so many positions, the oldest first. */
  const holding = async (lengths: readonly number[], positions = lengths.map(() => pages * 32)) => {
    const opening = lengths.map((_, i) => admission.open({ prompt: 1, positions: positions[i]!, signal: signal() }));
    const sessions = await Promise.all(opening);
    for (const [i, session] of sessions.entries()) {
      session.sync(prompt(lengths[i]!, 1), greedy).catch(() => {});
      assert.ok(admission.grant(session, lengths[i]!));
      session.timeline.advance(lengths[i]!);
    }
    return sessions;
  };
  return { pool, admission, holding };
}

test("Admission.grant() pauses the youngest, one after the other, until there is room", async () => {
  const { admission, holding } = setup(10);
  const [a, b, c, d] = (await holding([96, 96, 32, 32])) as Four;
  assert.ok(admission.grant(a, 32 * 5));
  assert.deepEqual(
    [a, b, c, d].map(({ paused }) => paused),
    [false, false, false, false],
  );
  assert.ok(admission.grant(a, 32 * 7));
  assert.deepEqual(
    [a, b, c, d].map(({ paused }) => paused),
    [false, false, true, true],
  );
});

test("Admission.grant() waits for a younger session whose frame is under way, and pauses nobody meanwhile", async () => {
  const { admission, holding } = setup(4);
  const [a, b] = (await holding([64, 64])) as Two;
  b.inFlight = true;
  assert.equal(admission.grant(a, 96), false);
  assert.deepEqual([a.paused, b.paused], [false, false]);
  b.inFlight = false;
  assert.equal(admission.grant(a, 96), true);
  assert.deepEqual([a.paused, b.paused], [false, true]);
});

test("Admission.grant() pauses the asking session itself when it is the youngest, and the oldest never", async () => {
  const { pool, admission, holding } = setup(4);
  const [a, b] = (await holding([64, 64])) as Two;
  assert.equal(admission.grant(b, 96), false);
  assert.deepEqual([a.paused, b.paused, pool.used], [false, true, 2]);
  assert.equal(admission.grant(a, 128), true);
  assert.deepEqual([a.paused, pool.used], [false, 4]);
});

test("Admission.advance() lets a paused session go on when it and the others can come to their ends", async () => {
  const { admission, holding } = setup(8);
  const [a, b] = (await holding([32 * 5, 32 * 3], [32 * 6, 32 * 3])) as Two;
  assert.equal(admission.grant(a, 32 * 6), true);
  assert.equal(b.paused, true);
  admission.advance();
  assert.equal(b.paused, true, "2 pages are free, and it may need 3");
  a.close();
  assert.equal(b.paused, false);
});

test("Admission.advance() waits for room to grow by half, not for all that answers may become", async () => {
  const { pool, admission, holding } = setup(64);
  const lengths = [...Array(7).fill(32 * 8), 32 * 7];
  const sessions = await holding(lengths);
  assert.equal(pool.used, 63);
  assert.ok(admission.grant(sessions[0]!, 32 * 10));
  const [, a, b, c] = sessions as Four;
  const youngest = sessions[7]!;
  assert.equal(youngest.paused, true);
  // Seven may need 64 pages each; of 4 more for each and of 11 for the paused one nothing is there before three have ended.
  for (const [session, isPaused] of [
    [a, true],
    [b, true],
    [c, false],
  ] as const) {
    session.close();
    admission.advance();
    assert.equal(youngest.paused, isPaused);
  }
});

test("a session that stalled is none of those that may compute at once", async () => {
  const { admission, holding } = setup(64);
  const sessions = await holding(Array(8).fill(32));
  const opening = admission.open({ prompt: 32, positions: 64, signal: signal() });
  assert.equal(admission.waiting, 1);
  sessions[3]!.stalled = true;
  admission.advance();
  assert.equal(admission.waiting, 0);
  (await opening).close();
});

test("whoever leaves the line in the moment that makes room for it gets no session", async () => {
  const { admission } = setup(4);
  const controller = new AbortController();
  const first = await admission.open({ prompt: 32, positions: 128, signal: signal() });
  controller.signal.addEventListener("abort", () => first.close());
  const second = admission.open({ prompt: 96, positions: 128, signal: controller.signal });
  assert.equal(admission.waiting, 1);
  controller.abort();
  await assert.rejects(second, { name: "AbortError" });
  assert.deepEqual([admission.waiting, admission.sessions.length], [0, 0]);
});

const paused = (sessions: readonly ChainSession[]) => sessions.map((session) => session.paused);

test("Admission.grant() pauses those that stalled before anybody else, the oldest too, and no more than it must", async () => {
  const { admission, holding } = setup(10);
  const [a, b, c, d] = (await holding([96, 96, 64, 64])) as Four;
  a.stalled = true;
  c.stalled = true;
  assert.ok(admission.grant(d, 96));
  assert.deepEqual(paused([a, b, c, d]), [false, false, true, false]);
  assert.ok(admission.grant(d, 32 * 5));
  assert.deepEqual(paused([a, b, c, d]), [true, false, true, false]);
  assert.ok(admission.grant(b, 32 * 6));
  assert.deepEqual(paused([a, b, c, d]), [true, false, true, true]);
});

test("Admission.advance() gives a paused session the pages of one that stalled", async () => {
  const { admission, holding } = setup(8);
  const [a, b] = (await holding([32 * 5, 32 * 3])) as Two;
  assert.equal(admission.grant(a, 32 * 6), true);
  admission.advance();
  assert.deepEqual(paused([a, b]), [false, true]);
  a.stalled = true;
  admission.advance();
  assert.deepEqual(paused([a, b]), [true, false]);
});

test("a paused session that stalled keeps nobody out, until it is read again", async () => {
  const { admission, holding } = setup(8);
  const [a, b, c] = (await holding([32 * 3, 32 * 2, 32])) as [...Two, ChainSession];
  b.stalled = true;
  const open = () => admission.open({ prompt: 32, positions: 32 * 4, signal: signal() });
  assert.equal(admission.grant(a, 32 * 6), true);
  assert.deepEqual(paused([a, b, c]), [false, true, false]);
  c.close();
  const first = open();
  assert.deepEqual([admission.waiting, b.paused], [0, true]);
  b.stalled = false;
  (await first).close();
  const second = open();
  assert.deepEqual([admission.waiting, b.paused], [1, true]);
  a.close();
  assert.deepEqual([admission.waiting, b.paused], [0, false]);
  (await second).close();
});

test("Admission.open() lets somebody in at the cost of those that stalled", async () => {
  const { admission, holding } = setup(8);
  const [a, b] = (await holding([32 * 4, 32 * 4])) as Two;
  a.stalled = true;
  const opening = admission.open({ prompt: 32, positions: 64, signal: signal() });
  assert.deepEqual([admission.waiting, a.paused, b.paused], [0, true, false]);
  (await opening).close();
});
