import assert from "node:assert/strict";
import { test } from "node:test";
import type { Candidate } from "../../bench/candidates.ts";
import { type Item, itemName } from "../../bench/protocol.ts";
import { playRounds, type Task } from "../../bench/rounds.ts";

const decode: Item = { kind: "decode", context: 128, steps: 4 };
const prefill: Item = { kind: "prefill", length: 512 };

/** Writes down who is asked for what; the rate is the count of its questions. */
function fake(name: string, log: string[], failsAt = Number.POSITIVE_INFINITY): Candidate {
  let asked = 0;
  return {
    name,
    measure: async (item) => {
      log.push(`${name} ${itemName(item)}`);
      if (++asked >= failsAt) throw new Error("no more");
      return { [itemName(item)]: asked };
    },
    close: async () => {},
  };
}

test("playRounds() lets everybody do one item before the next, in a turning order, and forgets the warm-up", async () => {
  const log: string[] = [];
  const tasks: Task[] = [
    { candidate: fake("a", log), items: [decode, prefill], warmUp: [decode] },
    { candidate: fake("b", log), items: [decode], warmUp: [] },
  ];
  const series = await playRounds(tasks, { rounds: 2, onNote: () => {} });
  const rounds = ["a decode_128", "b decode_128", "a prefill_512", "b decode_128", "a decode_128", "a prefill_512"];
  assert.deepEqual(log, ["a decode_128", ...rounds]);
  assert.deepEqual(series, [{ decode_128: [2, 4], prefill_512: [3, 5] }, { decode_128: [1, 2] }]);
});

test("playRounds() begins no round that would end after its deadline, and does not count who is through", async () => {
  let time = 0;
  const now = () => time;
  const quick = fake("quick", []);
  const slow: Candidate = {
    ...fake("slow", []),
    measure: async () => {
      time += 60;
      return { decode_128: 1 };
    },
  };
  const tasks = (rounds?: number): Task[] => [
    { candidate: quick, items: [decode], warmUp: [] },
    { candidate: slow, items: [decode], warmUp: [], ...(rounds && { rounds }) },
  ];
  const [tooSlow] = await playRounds(tasks(), { rounds: 3, deadline: 90, now, onNote: () => {} });
  assert.equal(tooSlow!.decode_128!.length, 1);
  const [alone] = await playRounds(tasks(1), { rounds: 3, deadline: time + 90, now, onNote: () => {} });
  assert.equal(alone!.decode_128!.length, 3);
});

test("playRounds() drops a peer that fails with a note, and stops for one of ours", async () => {
  const notes: string[] = [];
  const task = (candidate: Candidate, isPeer: boolean): Task => ({ candidate, items: [decode], warmUp: [], isPeer });
  const options = { rounds: 3, onNote: (line: string) => notes.push(line) };
  const tasks = [task(fake("a", []), false), task(fake("peer", [], 2), true)];
  assert.deepEqual(await playRounds(tasks, options), [{ decode_128: [1, 2, 3] }, { decode_128: [1] }]);
  assert.equal(notes.filter((line) => line === "peer is left out from here on: no more").length, 1);
  await assert.rejects(playRounds([task(fake("a", [], 2), false)], options), /no more/);
});
