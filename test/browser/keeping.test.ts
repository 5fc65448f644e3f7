// What a person keeps and throws away: export, import, clear; and the overlays of a small screen.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import type { Page } from "playwright-core";
import { append, newConversation, newMessage } from "../../src/web/conversation.ts";
import { DEFAULT_SETTINGS } from "../../src/web/settings.ts";
import { exportConversations } from "../../src/web/transfer.ts";
import { says } from "../fakes/completer.ts";
import { launch, NARROW, openPage, skip } from "./browser.ts";
import { answers, ask, button, input, questions, until } from "./chat.ts";
import { startFakeApi } from "./fake-api.ts";

const browser = skip ? undefined : await launch();
const api = await startFakeApi();
after(() => Promise.all([browser?.close(), api.close()]));

test("conversations are exported as JSON, cleared, and imported again as they were", { skip }, async (t) => {
  api.answer(says("Forty-two"));
  const page = await openPage(t, browser!, api.url);
  await ask(page, "The question?");
  const [download] = await Promise.all([page.waitForEvent("download"), button(page, "Export").click()]);
  const path = await download.path();
  const file = JSON.parse(readFileSync(path, "utf8"));
  assert.equal(file.format, "qwen-edge-conversations");
  assert.deepEqual(
    file.conversations[0].messages.map(({ text }: { text: string }) => text),
    ["The question?", "Forty-two"],
  );

  await button(page, "Clear all").click();
  await page.getByRole("dialog").getByRole("button", { name: "Clear all" }).click();
  await questions(page).first().waitFor({ state: "detached" });
  await page.reload();
  await input(page).waitFor();
  assert.equal(await page.getByText("The question?").count(), 0, "a cleared conversation is back");

  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), button(page, "Import").click()]);
  await chooser.setFiles(path);
  await page.getByText("The question?").first().click();
  await answers(page).getByText("Forty-two").waitFor();
});

test("a deleted conversation is gone for good, the others stay", { skip }, async (t) => {
  const page = await openPage(t, browser!, api.url);
  for (const question of ["First", "Second"]) {
    await button(page, "New chat").click();
    await ask(page, question);
  }
  const entry = page.getByRole("listitem").filter({ hasText: "First" });
  await entry.hover();
  await entry.getByRole("button", { name: /^Delete/ }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: /^Delete/ }).click();
  await entry.waitFor({ state: "detached" });
  await page.reload();
  await page.getByRole("listitem").filter({ hasText: "Second" }).waitFor();
  assert.equal(await entry.count(), 0);
});

test("on a small screen the sidebar and the settings lie over the page, hold the focus and give it back", {
  skip,
}, async (t) => {
  const page = await openPage(t, browser!, api.url, { viewport: NARROW });
  for (const name of ["Open conversations", "Settings"]) {
    const opener = button(page, name).first();
    await opener.click();
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press("Tab");
      assert.ok(await isFocusWithin(page), `${name}: the focus left for the page behind`);
    }
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await until(() => opener.evaluate((element) => element === document.activeElement), `${name}: the focus is back`);
  }
});

/** Within the dialog, or with the browser itself. */
function isFocusWithin(page: Page): Promise<boolean> {
  return page.evaluate(() => {
    const { activeElement, body } = document;
    return activeElement === body || activeElement?.closest("dialog[open]") !== null;
  });
}

test("text at a hundred tokens a second moves nothing that stands", { skip }, async (t) => {
  const tokens = Array.from({ length: 150 }, (_, i) => [
    { kind: "text", text: i % 25 === 24 ? "\n\n" : "word ", logprobs: [] } as const,
    { waitMs: 10 },
  ]).flat();
  api.answer([...tokens, ...says("end")]);
  const page = await openPage(t, browser!, api.url);
  await page.evaluate(() => {
    const shifts: string[] = [];
    Object.assign(globalThis, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & Shift)[]) {
        if (!entry.hadRecentInput)
          shifts.push(`${entry.value} ${entry.sources.map(({ node }) => node?.parentElement?.className)}`);
      }
    }).observe({ type: "layout-shift", buffered: true });
    interface Shift {
      readonly value: number;
      readonly hadRecentInput: boolean;
      readonly sources: readonly { readonly node: Node | null }[];
    }
  });
  await ask(page, "Quickly");
  const shifts = await page.evaluate(() => (globalThis as unknown as { shifts: string[] }).shifts);
  const sum = shifts.reduce((total, line) => total + Number.parseFloat(line), 0);
  assert.ok(sum < 0.05, `layout shift ${sum}: ${shifts.join("; ")}`);
});

test("a history that cannot be read is told, and questions can be asked all the same", { skip }, async (t) => {
  api.answer(says("Nevertheless"));
  const page = await openPage(t, browser!, api.url);
  await page.addInitScript(() => {
    IDBObjectStore.prototype.getAll = () => {
      throw new DOMException("The disk is broken", "UnknownError");
    };
  });
  await page.reload();
  await page.getByRole("status").getByText("could not be read").waitFor();
  assert.match(await ask(page, "Hello?"), /Nevertheless/);
});

test("a full storage is told; what it refused is stored once something was deleted", { skip }, async (t) => {
  api.answer(says("Yes"));
  const page = await openPage(t, browser!, api.url);
  const entry = (text: string) => page.getByRole("listitem").filter({ hasText: text });
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Storage.overrideQuotaForOrigin", { origin: api.url, quotaSize: 200_000 });
  await ask(page, "Small");
  await button(page, "New chat").click();
  // A text that does not compress.
  const noise = Array.from({ length: 40_000 }, () => Math.random().toString(36)).join(" ");
  await ask(page, `Large ${noise}`);
  await page.getByRole("status").getByText("storage is full").waitFor();

  // Nor does an import say that it went well.
  const large = append(newConversation(DEFAULT_SETTINGS), newMessage("user", noise));
  const buffer = Buffer.from(exportConversations([large]));
  await page.getByRole("button", { name: "Dismiss" }).click();
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), button(page, "Import").click()]);
  await chooser.setFiles({ name: "x.json", mimeType: "application/json", buffer });
  await page.getByRole("status").getByText("storage is full").waitFor();
  assert.equal(await page.getByText("imported").count(), 0);

  await cdp.send("Storage.overrideQuotaForOrigin", { origin: api.url });
  await entry("Small").hover();
  await entry("Small")
    .getByRole("button", { name: /^Delete/ })
    .click();
  await page
    .getByRole("dialog")
    .getByRole("button", { name: /^Delete/ })
    .click();
  await entry("Small").waitFor({ state: "detached" });
  await page.reload();
  await entry("Large").waitFor();
});

test("what has come of an answer is kept when the page closes, also in the background, where no frames are drawn", {
  skip,
}, async (t) => {
  const text = (text: string) => ({ kind: "text", text, logprobs: [] }) as const;
  api.answer([text("Seen, "), { waitMs: 500 }, text("unseen"), { waitMs: 60_000 }]);
  const page = await openPage(t, browser!, api.url);
  await input(page).fill("Go on");
  await button(page, "Send").click();
  await answers(page).getByText("Seen").waitFor();
  // As of a tab in the background.
  await page.evaluate(() => {
    globalThis.requestAnimationFrame = () => 0;
  });
  await page.waitForTimeout(2000);
  assert.equal(await answers(page).getByText("unseen").count(), 0);
  await page.reload();
  await answers(page).getByText("Seen, unseen").waitFor();
});
