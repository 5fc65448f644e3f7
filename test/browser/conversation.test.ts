// A conversation with the playground, whose model says what the test wants: streaming, stopping, editing, keeping.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { says, USAGE } from "../fakes/completer.ts";
import { launch, openPage, skip } from "./browser.ts";
import { alert, answers, ask, button, input, questions, send, stats, until, untilDone } from "./chat.ts";
import { startFakeApi } from "./fake-api.ts";

const browser = skip ? undefined : await launch();
const api = await startFakeApi();
after(() => Promise.all([browser?.close(), api.close()]));

const delta = (text: string) => ({ kind: "text", text, logprobs: [] }) as const;
const FINISH = { kind: "finish", reason: "stop", usage: USAGE } as const;
/** An answer of which only the beginning comes. */
const stalled = (...texts: string[]) => [...texts.map(delta), { waitMs: 60_000 }];

test("an answer streams piece by piece, and its numbers follow", { skip }, async (t) => {
  api.answer([delta("One "), { waitMs: 300 }, delta("two "), { waitMs: 300 }, delta("three"), FINISH]);
  const page = await openPage(t, browser!, api.url);
  await send(page, "Count");
  const seen = new Set<string>();
  await until(async () => {
    const text = await answers(page)
      .first()
      .textContent()
      .catch(() => "");
    for (const word of ["One", "two", "three"])
      if (text?.includes(word)) seen.add(`${word} of ${text.includes("three")}`);
    return text?.includes("three") ?? false;
  }, "the whole answer");
  assert.ok(seen.has("One of false"), `only at once: ${[...seen]}`);
  await untilDone(page);
  const line = (await stats(page).textContent()) ?? "";
  assert.match(line, /edge/);
  assert.match(line, /tiny/);
  assert.match(line, new RegExp(`${USAGE.promptTokens}\\D+${USAGE.completionTokens}`));
  assert.match(line, /first token/);
  assert.match(line, /tok\/s/);
  assert.equal(api.asked.at(-1)?.messages.at(-1)?.content, "Count");
});

test("Stop and Escape keep what came, and the next question can be asked at once", { skip }, async (t) => {
  const page = await openPage(t, browser!, api.url);
  for (const stop of [() => button(page, "Stop").click(), () => page.keyboard.press("Escape")]) {
    api.answer(stalled("Half an", " answer"), says("Well"));
    await send(page, "Go on");
    await answers(page).last().getByText("Half an answer").waitFor();
    await stop();
    await button(page, "Stop").waitFor({ state: "detached" });
    assert.match((await answers(page).last().textContent()) ?? "", /Half an answer/);
    assert.match((await stats(page).last().textContent()) ?? "", /stopped/);
    assert.match(await ask(page, "Again"), /Well/);
  }
  assert.equal(await alert(page).count(), 0);
});

test("Regenerate asks the same again; Edit cuts what follows and sends; Delete takes one message", {
  skip,
}, async (t) => {
  api.answer(says("first"), says("second"), says("third"), says("fourth"));
  const page = await openPage(t, browser!, api.url);
  await ask(page, "Q1");
  await answers(page).last().hover();
  await answers(page).last().getByRole("button", { name: "Regenerate" }).click();
  await answers(page).getByText("second").waitFor();
  await untilDone(page);
  assert.deepEqual(
    api.asked.at(-1)?.messages.map(({ content }) => content),
    ["Q1"],
  );
  await ask(page, "Q2");
  assert.deepEqual(
    api.asked.at(-1)?.messages.map(({ content }) => content),
    ["Q1", "second", "Q2"],
  );

  await questions(page).first().hover();
  await questions(page).first().getByRole("button", { name: "Edit" }).click();
  const editor = questions(page).first().getByRole("textbox");
  await editor.fill("Q1 anew");
  await questions(page).first().getByRole("button", { name: "Save and send" }).click();
  await answers(page).getByText("fourth").waitFor();
  await untilDone(page);
  assert.deepEqual(
    api.asked.at(-1)?.messages.map(({ content }) => content),
    ["Q1 anew"],
  );
  assert.equal(await questions(page).count(), 1);

  await answers(page).first().hover();
  await answers(page).first().getByRole("button", { name: "Delete" }).click();
  await answers(page).first().waitFor({ state: "detached" });
  assert.equal(await questions(page).count(), 1);
});

test("conversations outlive a reload, each with its own messages, and can be searched", { skip }, async (t) => {
  api.answer(says("about whales"), says("about stars"));
  const page = await openPage(t, browser!, api.url);
  await ask(page, "Tell me of whales");
  await button(page, "New chat").click();
  await answers(page).first().waitFor({ state: "detached" });
  await ask(page, "Tell me of stars");
  await page.reload();
  await page.getByText("Tell me of whales").first().click();
  await answers(page).getByText("about whales").waitFor();
  assert.equal(await questions(page).count(), 1);
  await page.getByRole("searchbox").fill("stars");
  await page.getByText("Tell me of stars").first().click();
  await answers(page).getByText("about stars").waitFor();
});

test("the view follows the end, unless the person has scrolled up", { skip }, async (t) => {
  const lines = Array.from({ length: 120 }, (_, i) => [delta(`Line ${i}\n\n`), { waitMs: 20 }]).flat();
  api.answer([...lines, FINISH]);
  const page = await openPage(t, browser!, api.url);
  await send(page, "A long one");
  await answers(page).last().getByText("Line 60", { exact: true }).waitFor();
  assert.ok(await answers(page).last().getByText("Line 60", { exact: true }).isVisible());
  const isAtEnd = () =>
    answers(page)
      .last()
      .evaluate((article) => article.getBoundingClientRect().bottom <= innerHeight + 200);
  assert.ok(await isAtEnd(), "the end is out of sight while it grows");
  await answers(page).last().hover();
  await page.mouse.wheel(0, -3000);
  const jump = button(page, "Jump to end");
  await jump.waitFor();
  const top = () =>
    answers(page)
      .last()
      .evaluate((article) => Math.round(article.getBoundingClientRect().top));
  await page.waitForTimeout(100);
  const before = await top();
  await answers(page).last().getByText("Line 100", { exact: true }).waitFor({ state: "attached" });
  assert.equal(await top(), before, "the text moved under the reader's eyes");
  await jump.click();
  await until(isAtEnd, "back at the end");
  await untilDone(page);
});

test("the request and the response can be seen, and the request copied as a command that runs", { skip }, async (t) => {
  api.answer(says("Bonjour"));
  const page = await openPage(t, browser!, api.url, { permissions: ["clipboard-read", "clipboard-write"] });
  await ask(page, "It's a “quote” $HOME `x`");
  await answers(page).last().hover();
  await answers(page).last().getByRole("button", { name: "Raw" }).click();
  const dialog = page.getByRole("dialog");
  assert.match((await dialog.textContent()) ?? "", /"messages"/);
  assert.match((await dialog.textContent()) ?? "", /chat\.completion\.chunk/);
  for (const form of ["curl", "JavaScript", "Python"]) {
    await dialog.getByRole("button", { name: `Copy as ${form}` }).click();
    await until(
      async () => (await page.evaluate(() => navigator.clipboard.readText())).includes("/v1/chat/completions"),
      `a command for ${form}`,
    );
  }
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
});

test("the request of a later answer is shown with the conversation before it, and says so when that changed", {
  skip,
}, async (t) => {
  api.answer(says("Uno"), says("Dos"), says("Tres"));
  const page = await openPage(t, browser!, api.url);
  for (const question of ["One", "Two", "Three"]) await ask(page, question);
  await page.reload();
  const openRaw = async () => {
    await answers(page).nth(1).hover();
    await answers(page).nth(1).getByRole("button", { name: "Raw" }).click();
    return JSON.parse((await page.getByRole("region", { name: "Request" }).textContent()) ?? "").messages;
  };
  const contents = (messages: { content: string }[]) => messages.map(({ content }) => content);
  const note = page.getByText("The conversation has changed since");
  await answers(page).nth(2).waitFor();
  assert.deepEqual(contents(await openRaw()), ["One", "Uno", "Two"]);
  assert.equal(await note.count(), 0);
  await page.keyboard.press("Escape");
  await questions(page).first().hover();
  await questions(page).first().getByRole("button", { name: "Delete" }).click();
  await until(async () => (await questions(page).count()) === 2, "the question is gone");
  assert.deepEqual(contents(await openRaw()), ["Uno", "Two"]);
  await note.waitFor();
});

test("what is set in the settings is sent, and what is not is left to the model", { skip }, async (t) => {
  api.answer(says("ok"));
  const page = await openPage(t, browser!, api.url);
  await button(page, "Settings").click();
  await page.getByLabel("System prompt").fill("Be brief.");
  await page.getByLabel("Temperature").fill("0.5");
  await page.getByLabel("Seed").fill("7");
  await page.getByLabel("Max tokens").fill("99");
  await page.keyboard.press("Escape");
  await ask(page, "Hi");
  const { messages, temperature, seed, maxTokens, topP, topK } = api.asked.at(-1)!;
  assert.deepEqual(messages[0], { role: "system", content: "Be brief." });
  assert.deepEqual({ temperature, seed, maxTokens }, { temperature: 0.5, seed: 7, maxTokens: 99 });
  assert.deepEqual({ topP, topK }, { topP: undefined, topK: undefined });
});

test("Enter sends, Shift+Enter begins a line, and a half-composed word is not sent", { skip }, async (t) => {
  api.answer(says("ok"));
  const page = await openPage(t, browser!, api.url);
  await input(page).focus();
  await page.keyboard.type("one");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("two");
  const before = api.asked.length;
  // An input method's Enter, which chooses a word.
  await input(page).evaluate((field) => {
    field.dispatchEvent(
      new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true, cancelable: true }),
    );
  });
  assert.equal(await input(page).inputValue(), "one\ntwo");
  await page.keyboard.press("Enter");
  await untilDone(page);
  assert.equal(api.asked.length, before + 1);
  assert.equal(api.asked.at(-1)?.messages.at(-1)?.content, "one\ntwo");
});

test("a question without an answer can be asked anew: after a reload, and when it was deleted and brought back", {
  skip,
}, async (t) => {
  api.answer([{ waitMs: 60_000 }], stalled("Never", " wanted"), says("At last"));
  const page = await openPage(t, browser!, api.url);
  await send(page, "Hello?");
  await until(async () => api.asked.at(-1)?.messages.at(-1)?.content === "Hello?", "asked");
  await page.reload();
  await button(page, "Try again").click();
  await answers(page).getByText("Never wanted").waitFor();

  await questions(page).hover();
  await questions(page).getByRole("button", { name: "Delete" }).click();
  await button(page, "Stop").waitFor({ state: "detached" });
  assert.equal(await answers(page).count(), 0);
  await button(page, "Undo").click();
  await questions(page).getByText("Hello?").waitFor();
  await button(page, "Try again").click();
  await answers(page).getByText("At last").waitFor();
  await untilDone(page);
});

test("an answer goes on behind another conversation, and is dropped with its own", { skip }, async (t) => {
  api.answer([delta("One "), { waitMs: 500 }, delta("whole"), FINISH], says("Other"), stalled("Lost"));
  const page = await openPage(t, browser!, api.url);
  const entry = page.getByRole("listitem").filter({ hasText: "Q1" });
  await send(page, "Q1");
  await answers(page).getByText("One").waitFor();
  await button(page, "New chat").click();
  await ask(page, "Q2");
  assert.equal(await answers(page).count(), 1);
  await entry.getByRole("link").click();
  await answers(page).getByText("One whole").waitFor();
  await untilDone(page);

  await send(page, "Q3");
  await answers(page).getByText("Lost").waitFor();
  await entry.hover();
  await entry.getByRole("button", { name: /^Delete/ }).click();
  await page
    .getByRole("dialog")
    .getByRole("button", { name: /^Delete/ })
    .click();
  await button(page, "Stop").waitFor({ state: "detached" });
  await page.reload();
  await page.getByRole("listitem").filter({ hasText: "Q2" }).waitFor();
  assert.equal(await entry.count(), 0);
});

test("an answer is stopped when another tab deletes its conversation", { skip }, async (t) => {
  api.answer(stalled("For nobody"));
  const page = await openPage(t, browser!, api.url);
  await send(page, "Q1");
  await answers(page).getByText("For nobody").waitFor();
  const other = await page.context().newPage();
  await other.goto(api.url);
  await other.getByRole("listitem").filter({ hasText: "Q1" }).hover();
  await other.getByRole("button", { name: "Delete conversation" }).click();
  const stopped = page.waitForEvent("requestfailed", (request) => request.url().endsWith("/v1/chat/completions"));
  await other
    .getByRole("dialog")
    .getByRole("button", { name: /^Delete/ })
    .click();
  await stopped;
  assert.equal(await questions(page).count(), 0);
});
