// The playground as `npm start` serves it, in workerd, with the trained model that ships.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { type Started, startServer } from "../runtime/started.ts";
import { launch, openPage, skip } from "./browser.ts";
import { alert, answers, ask, button, questions, send, stats, until, untilDone } from "./chat.ts";

const browser = skip ? undefined : await launch();
let server: Started | undefined;
before(
  async () => {
    if (!skip) server = await startServer("workerd");
  },
  { timeout: 60_000 },
);
after(() => Promise.all([browser?.close(), server?.interrupt()]));

test("a person asks, sees the answer and its numbers, and finds both after a reload", { skip }, async (t) => {
  const page = await openPage(t, browser!, server!.url);
  const answer = await ask(page, "What is qwen-edge?");
  assert.match(answer, /\w+ \w+/);
  assert.match((await stats(page).textContent()) ?? "", /edge.*pocket/s);
  await page.reload();
  await page.getByText("What is qwen-edge?").first().click();
  await answers(page).first().waitFor();
  assert.equal(await answers(page).count(), 1);
  await questions(page).first().hover();
  await questions(page).first().getByRole("button", { name: "Edit" }).click();
  await questions(page).first().getByRole("textbox").fill("Hello!");
  await questions(page).first().getByRole("button", { name: "Save and send" }).click();
  await until(async () => (await questions(page).first().textContent())?.includes("Hello!") ?? false, "edited");
  await untilDone(page);
  assert.equal(await alert(page).count(), 0);
});

test("a running answer is stopped, and the server is free at once", { skip }, async (t) => {
  const page = await openPage(t, browser!, server!.url);
  // The model would end soon by itself: it is not asked to.
  await page.route("**/v1/chat/completions", async (route) => {
    const body = route.request().postDataJSON();
    await route.continue({ postData: JSON.stringify({ ...body, ignore_eos: true }) });
  });
  await send(page, "Tell me a story");
  await until(async () => ((await answers(page).last().textContent()) ?? "").length > 40, "some text");
  await button(page, "Stop").click();
  await untilDone(page);
  assert.ok(((await answers(page).last().textContent()) ?? "").length > 40, "what came is not kept");
  await page.unroute("**/v1/chat/completions");
  assert.match(await ask(page, "Hello!"), /\w/);
});

test("Copy as curl gives a command that runs as copied", { skip }, async (t) => {
  const permissions = ["clipboard-read", "clipboard-write"];
  const page = await openPage(t, browser!, server!.url, { permissions });
  await ask(page, "What's 7 + 5?");
  await answers(page).last().hover();
  await answers(page).last().getByRole("button", { name: "Raw" }).click();
  await page.getByRole("button", { name: "Copy as curl" }).click();
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await until(async () => (await copied()).startsWith("curl"), "a command");
  const { stdout } = await promisify(execFile)("sh", ["-c", await copied()]);
  assert.match(stdout, /^data: \{/m);
  assert.match(stdout, /^data: \[DONE\]$/m);
});
