// openHistory() in memory. What needs a browser's database is in test/browser/history.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { append, newConversation, newMessage } from "../../src/web/conversation.ts";
import { openHistory } from "../../src/web/history.ts";
import { DEFAULT_SETTINGS } from "../../src/web/settings.ts";

const talk = (text: string, now: number) =>
  append(newConversation(DEFAULT_SETTINGS, now), newMessage("user", text), now);

test("openHistory() is in memory where there is no storage, or where it refuses", async () => {
  const refusing = {
    open() {
      throw new DOMException("Blocked", "SecurityError");
    },
  } as unknown as IDBFactory;
  for (const storage of [undefined, refusing]) assert.equal((await openHistory(storage)).place, "memory");
});

test("put(), get(), list(), delete() and clear() keep conversations, the last updated first", async () => {
  const history = await openHistory(undefined);
  const first = await history.put(talk("first", 1));
  const second = await history.put(talk("second", 2));
  assert.deepEqual(await history.list(), [second, first]);
  const grown = await history.put(append(first, newMessage("user", "more"), 3));
  assert.equal(grown.id, first.id);
  assert.notEqual(grown.revision, first.revision);
  assert.deepEqual(await history.list(), [grown, second]);
  assert.deepEqual(await history.get(first.id), grown);
  await history.delete(first.id);
  assert.equal(await history.get(first.id), undefined);
  await history.clear();
  assert.deepEqual(await history.list(), []);
});

test("put() takes a conversation that it has put since, from the same tab", async () => {
  const history = await openHistory(undefined);
  const old = await history.put(talk("first", 1));
  await history.put(append(old, newMessage("user", "more"), 2));
  const again = await history.put(append(old, newMessage("user", "other"), 3));
  assert.equal(again.id, old.id);
});

test("add() leaves out what is here already, and makes a copy of what has changed", async () => {
  const history = await openHistory(undefined);
  const here = await history.put(talk("here", 1));
  const changed = append(here, newMessage("user", "more"), 2);
  const added = await history.add([{ ...here, revision: "" }, changed, talk("new", 3)]);
  assert.deepEqual(
    added.map(({ title, messages }) => [title, messages.length]),
    [
      ["here", 2],
      ["new", 1],
    ],
  );
  assert.notEqual(added[0]?.id, here.id);
  assert.equal((await history.list()).length, 3);
  assert.deepEqual(await history.get(here.id), here);
});
