// What the playground says when something fails, and the way on that it offers.

import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";
import { BusyError, ContextLengthError, UnavailableError } from "../../src/errors.ts";
import { WORDS } from "../../src/web/language.ts";
import { says, USAGE } from "../fakes/completer.ts";
import { launch, openPage, skip } from "./browser.ts";
import { alert, answers, ask, button, send, stats, untilDone } from "./chat.ts";
import { startFakeApi } from "./fake-api.ts";

const KEY = "sesame";
const browser = skip ? undefined : await launch();
const api = await startFakeApi();
const locked = await startFakeApi({ QWEN_EDGE_API_KEYS: KEY });
after(() => Promise.all([browser?.close(), api.close(), locked.close()]));
beforeEach(() => api.setStatus({ state: "ready", progress: 1 }));

const delta = (text: string) => ({ kind: "text", text, logprobs: [] }) as const;

test("a full queue is told with the wait, and the question goes again", { skip }, async (t) => {
  api.answer(new BusyError("The queue is full", 30), says("At last"));
  const page = await openPage(t, browser!, api.url);
  await send(page, "Hi");
  await alert(page).waitFor();
  assert.match((await alert(page).textContent()) ?? "", /busy/i);
  await page.getByText(/Trying again in (30|29|28) s/).waitFor();
  await button(page, "Try again").click();
  await answers(page).getByText("At last").waitFor();
  await untilDone(page);
  assert.equal(await alert(page).count(), 0);
});

test("a model that loads is told with its progress, and answers when it is there", { skip }, async (t) => {
  api.setStatus({ state: "loading", progress: 0.42 });
  api.answer(new UnavailableError("Loading model: 42 %"), new UnavailableError("Loading model: 42 %"), says("Here"));
  const page = await openPage(t, browser!, api.url);
  await send(page, "Hi");
  await page.getByText("42 %").first().waitFor();
  api.setStatus({ state: "ready", progress: 1 });
  await answers(page).getByText("Here").waitFor();
});

test("a missing key is asked for, and opens", { skip }, async (t) => {
  locked.answer(says("Come in"));
  const page = await openPage(t, browser!, locked.url);
  await send(page, "Hi");
  await alert(page).first().waitFor();
  await button(page, "Enter API key").first().click();
  await page.getByLabel("API key").fill(KEY);
  await page.keyboard.press("Escape");
  await answers(page).getByRole("button", { name: "Try again" }).click();
  await answers(page).getByText("Come in").waitFor();
  await untilDone(page);
  assert.equal(await alert(page).count(), 0, "the list of models is still refused");
  const stored = await page.evaluate(() => JSON.stringify({ ...localStorage }));
  assert.ok(!stored.includes(KEY), "the key was kept beyond the session, unasked");
});

test("an error in mid-stream and a lost connection keep what came", { skip }, async (t) => {
  const page = await openPage(t, browser!, api.url);
  api.answer(
    [delta("Half of"), { waitMs: 50 }, { error: new UnavailableError("The engine was restarted") }],
    says("Whole"),
  );
  await send(page, "Hi");
  await alert(page).waitFor();
  assert.match((await answers(page).last().textContent()) ?? "", /Half of/);
  await button(page, "Try again").click();
  await answers(page).getByText("Whole").waitFor();
  await untilDone(page);

  api.answer([delta("A third of"), { waitMs: 60_000 }]);
  await send(page, "More");
  await answers(page).getByText("A third of").waitFor();
  api.cut();
  await alert(page).waitFor();
  assert.match((await alert(page).textContent()) ?? "", /connection was lost/i);
  assert.match((await answers(page).last().textContent()) ?? "", /A third of/);
});

test("a page in Chinese tells a refusal and a file that is none in Chinese, and who refused", { skip }, async (t) => {
  const { zh } = WORDS;
  api.answer(new ContextLengthError(100, 200));
  const page = await openPage(t, browser!, api.url, { locale: "zh-CN" });
  await page.getByRole("textbox", { name: zh.message, exact: true }).fill("你好");
  await button(page, zh.send).click();
  await alert(page).getByText(zh.errorCodes.context_length_exceeded).waitFor();
  await alert(page).getByText("The context holds 100 tokens").waitFor();
  await stats(page).getByText(zh.edge, { exact: true }).waitFor();

  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), button(page, zh.importFile).click()]);
  await chooser.setFiles({ name: "a.json", mimeType: "application/json", buffer: Buffer.from("no JSON") });
  await page.getByText(zh.importErrors.foreign).waitFor();
});

test("an empty answer is told as such", { skip }, async (t) => {
  api.answer([{ kind: "finish", reason: "stop", usage: USAGE }]);
  const page = await openPage(t, browser!, api.url);
  await send(page, "Hi");
  await alert(page).getByText("The answer is empty").waitFor();
});

test("a server that is gone is told, and the question is not lost", { skip }, async (t) => {
  const brief = await startFakeApi();
  const page = await openPage(t, browser!, brief.url);
  await ask(page, "Hi");
  await brief.close();
  await send(page, "Still there?");
  await alert(page).getByText("cannot be reached").waitFor();
  await page.getByText("Still there?").first().waitFor();
});
