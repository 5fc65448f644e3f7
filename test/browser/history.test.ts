// openHistory() in a browser's database: what a reload brings back, two tabs at once, a full disk.

import assert from "node:assert/strict";
import { after, type TestContext, test } from "node:test";
import type { Page } from "playwright-core";
import { append, type Conversation, newConversation, newId, newMessage } from "../../src/web/conversation.ts";
import type { History } from "../../src/web/history.ts";
import { DEFAULT_SETTINGS } from "../../src/web/settings.ts";
import { launch, openPage, skip } from "./browser.ts";
import { serveModule } from "./module.ts";

const browser = skip ? undefined : await launch();
after(() => browser?.close());

const talk = (text: string, now: number) =>
  append(newConversation(DEFAULT_SETTINGS, now), newMessage("user", text), now);
const more = (conversation: Conversation, text: string) => append(conversation, newMessage("user", text), 9);

/** A text that does not compress: Chromium counts what it stores. */
const noise = (length: number) => Array.from({ length: length / 32 }, newId).join("");

/** A tab with the history open. */
async function openTab(page: Page): Promise<Page> {
  await page.waitForFunction(() => "it" in globalThis);
  const place = await page.evaluate(async () => {
    const { openHistory } = (globalThis as unknown as { it: typeof import("../../src/web/history.ts") }).it;
    const history = await openHistory(indexedDB);
    const state = Object.assign(globalThis, { kept: history, changes: 0 });
    history.watch(() => void state.changes++);
    return history.place;
  });
  assert.equal(place, "browser");
  return page;
}

interface Tab {
  readonly kept: History;
  readonly changes: number;
}

const put = (page: Page, conversation: Conversation) =>
  page.evaluate((it) => (globalThis as unknown as Tab).kept.put(it), conversation);
const list = (page: Page) => page.evaluate(() => (globalThis as unknown as Tab).kept.list());

async function openFirst(t: TestContext): Promise<{ page: Page; url: string }> {
  const url = await serveModule(t, "src/web/history.ts");
  return { page: await openTab(await openPage(t, browser!, url)), url };
}

test("put() and delete() outlive a reload", { skip }, async (t) => {
  const { page } = await openFirst(t);
  const first = await put(page, talk("first 你好", 1));
  const second = await put(page, talk("second", 2));
  const third = await put(page, talk("third", 3));
  await page.evaluate((id) => (globalThis as unknown as Tab).kept.delete(id), third.id);
  await page.reload();
  await openTab(page);
  assert.deepEqual(await list(page), [second, first]);
  await page.evaluate(() => (globalThis as unknown as Tab).kept.clear());
  assert.deepEqual(await list(page), []);
});

test("put() makes a copy when another tab has changed the conversation since, and goes on where it was read", {
  skip,
}, async (t) => {
  const { page: one, url } = await openFirst(t);
  const two = await one.context().newPage();
  await two.goto(url);
  await openTab(two);

  const start = await put(one, talk("start", 1));
  const read = await two.evaluate((id) => (globalThis as unknown as Tab).kept.get(id), start.id);
  assert.deepEqual(read, start);
  const ofTwo = await put(two, more(read!, "from two"));
  assert.equal(ofTwo.id, start.id);

  const ofOne = await put(one, more(start, "from one"));
  assert.notEqual(ofOne.id, start.id);
  const texts = (await list(one)).map(({ messages }) => messages.map(({ text }) => text).join(", "));
  assert.deepEqual(texts.sort(), ["start, from one", "start, from two"]);
  assert.equal((await put(one, more(ofOne, "again"))).id, ofOne.id);
});

test("put() of tabs at the same moment loses nothing", { skip }, async (t) => {
  const { page: one, url } = await openFirst(t);
  const two = await one.context().newPage();
  await two.goto(url);
  await openTab(two);
  const start = await put(one, talk("start", 1));
  const kept = await Promise.all([put(one, more(start, "from one")), put(two, more(start, "from two"))]);
  assert.notEqual(kept[0].id, kept[1].id);
  assert.equal((await list(two)).length, 2);
});

test("watch() hears of other tabs' changes and not of its own", { skip }, async (t) => {
  const { page: one, url } = await openFirst(t);
  const two = await one.context().newPage();
  await two.goto(url);
  await openTab(two);
  await put(one, talk("start", 1));
  await two.waitForFunction(() => (globalThis as unknown as Tab).changes === 1);
  assert.equal(await one.evaluate(() => (globalThis as unknown as Tab).changes), 0);
});

test("put() says full when the quota is used up, keeps the old state stored and the new one in memory", {
  skip,
}, async (t) => {
  const { page, url } = await openFirst(t);
  const cdp = await page.context().newCDPSession(page);
  const { origin } = new URL(url);
  await cdp.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 200_000 });
  const start = await put(page, talk("start", 1));
  const grown = more(start, noise(1_000_000));
  const failure = await page.evaluate(
    (it) =>
      (globalThis as unknown as Tab).kept.put(it).then(
        () => "stored",
        (error) => `${error.name} ${error.kind}`,
      ),
    grown,
  );
  assert.equal(failure, "HistoryError full");
  assert.deepEqual(await list(page), [grown]);
  await page.reload();
  await openTab(page);
  assert.deepEqual(await list(page), [start]);
  await cdp.send("Storage.overrideQuotaForOrigin", { origin });
  const stored = await put(page, grown);
  assert.equal(stored.id, start.id);
  assert.deepEqual(await list(page), [stored]);
});

test("list() leaves out a record that it cannot read, and leaves it where it is", { skip }, async (t) => {
  const { page } = await openFirst(t);
  const start = await put(page, talk("start", 1));
  const count = await page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve) => {
      const opening = indexedDB.open("qwen-edge");
      opening.onsuccess = () => resolve(opening.result);
    });
    const table = database.transaction("conversations", "readwrite").objectStore("conversations");
    table.put({ id: "odd", conversation: { title: 7 } });
    const counting = table.count();
    return new Promise((resolve) => {
      counting.onsuccess = () => resolve(counting.result);
    });
  });
  assert.equal(count, 2);
  assert.deepEqual(await list(page), [start]);
});
