// Answers, titles and files full of markup that wants to run. The watch in browser.ts fails these tests when a request
// leaves, a policy is broken or a dialog opens; beside that no element may come of it.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Page } from "playwright-core";
import type { AnswerInfo, Conversation } from "../../src/web/conversation.ts";
import { newConversation, newMessage } from "../../src/web/conversation.ts";
import { DEFAULT_SETTINGS } from "../../src/web/settings.ts";
import { exportConversations } from "../../src/web/transfer.ts";
import { says } from "../fakes/completer.ts";
import { launch, NARROW, openPage, skip } from "./browser.ts";
import { answers, ask } from "./chat.ts";
import { startFakeApi } from "./fake-api.ts";

const browser = skip ? undefined : await launch();
const api = await startFakeApi();
after(() => Promise.all([browser?.close(), api.close()]));

const HOSTILE = [
  "<script>globalThis.isHacked = true</script>",
  '<img src="x" onerror="globalThis.isHacked = true">',
  '<img src="https://evil.test/pixel.png">',
  "![picture](https://evil.test/pixel.png)",
  '<svg onload="globalThis.isHacked = true"><a xlink:href="javascript:globalThis.isHacked=true"><text>x</text></a></svg>',
  "[click](javascript:globalThis.isHacked=true) [click](JaVaScRiPt:alert(1)) [click](data:text/html,<script>1</script>)",
  "<javascript:alert(1)> [a]( javascript:alert(1)) [b](vbscript:x) [c](&#106;avascript:alert(1))",
  '<iframe src="https://evil.test"></iframe><object data="https://evil.test"></object><embed src="https://evil.test">',
  '<a href="https://evil.test" ping="https://evil.test" onclick="globalThis.isHacked=true">x</a>',
  '<style>@import "https://evil.test/x.css"; * { display: none }</style><link rel="stylesheet" href="https://evil.test/x.css">',
  '<base href="https://evil.test/"><meta http-equiv="refresh" content="0;url=https://evil.test">',
  '<form action="https://evil.test"><input name="q"><button>go</button></form>',
  '<math><mtext><table><mglyph><style><img src="x" onerror="globalThis.isHacked=true">',
  '```html"><img src=x onerror=globalThis.isHacked=true>\n</code><script>globalThis.isHacked=true</script>\n```',
  '[x]: https://evil.test "title\\" onmouseover=globalThis.isHacked=true"\n[x]',
  "| a |\n| - |\n| <img src=x onerror=globalThis.isHacked=true> |",
  '"><script>globalThis.isHacked=true</script>',
];

/** No foreign element, no handler, no address but of the web; nothing has run. */
async function assertTame(page: Page): Promise<void> {
  await page.waitForTimeout(200);
  const found = await page.evaluate(() => {
    const main = document.querySelector("main") ?? document.body;
    const alien = [...main.querySelectorAll("article *")].filter((element) => {
      const isAlien = /^(script|img|iframe|object|embed|style|link|base|meta|form|math|video|audio)$/i.test(
        element.localName,
      );
      const handlers = element.getAttributeNames().filter((name) => /^(on|style$|ping$|srcset$|xlink)/.test(name));
      const href = element.getAttribute("href");
      return isAlien || handlers.length > 0 || (href !== null && !/^(https?:|mailto:)/.test(href));
    });
    return {
      alien: alien.map(({ outerHTML }) => outerHTML),
      isHacked: "isHacked" in globalThis,
      links: [...main.querySelectorAll("article a")].filter((a) => !/noopener/.test(a.getAttribute("rel") ?? ""))
        .length,
    };
  });
  assert.deepEqual(found, { alien: [], isHacked: false, links: 0 });
}

test("an answer of hostile Markdown and HTML runs nothing and fetches nothing, streamed and after a reload", {
  skip,
}, async (t) => {
  // Every third character is a piece: markup is seen half-finished, too.
  const pieces = HOSTILE.join("\n\n").match(/[\s\S]{1,3}/g) ?? [];
  api.answer(says(...pieces));
  const page = await openPage(t, browser!, api.url);
  const text = await ask(page, "Be evil");
  assert.match(text, /<script>globalThis\.isHacked = true<\/script>/, "raw HTML is not shown as text");
  await assertTame(page);
  await page.reload();
  await page.getByText("Be evil").first().click();
  await answers(page).first().waitFor();
  await assertTame(page);
});

test("a question and its title are text, whatever they say", { skip }, async (t) => {
  api.answer(says("ok"));
  const page = await openPage(t, browser!, api.url);
  for (const question of HOSTILE.slice(0, 3)) await ask(page, question);
  await assertTame(page);
  assert.equal(await page.getByText(HOSTILE[0]!).first().isVisible(), true);
});

test("a file with conversations is read with suspicion", { skip }, async (t) => {
  const page = await openPage(t, browser!, api.url);
  for (const text of ["{", "[]", '{"format":"qwen-edge-conversations","version":99,"conversations":[]}', "null"]) {
    await importFile(page, text);
    await page.getByText("could not be imported").first().waitFor();
    await page.reload();
  }
});

test("a file in the right form but with odd words in it does no harm, and the word on it is seen on a phone", {
  skip,
}, async (t) => {
  const page = await openPage(t, browser!, api.url, { viewport: NARROW });
  const ids = ["__proto__", "constructor"];
  await page.getByRole("button", { name: "Open conversations" }).click();
  await importFile(page, exportConversations(ids.map(oddConversation)));
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("status").getByText("2 conversations imported").click();
  for (const id of ids) {
    await page.getByRole("dialog").getByText(`About ${id}`).click();
    await answers(page)
      .getByText(`Odd: ${ids.indexOf(id)}`)
      .waitFor();
    assert.match((await answers(page).textContent()) ?? "", /<b>model<\/b>.*constructor/s);
    await page.getByRole("button", { name: "Raw" }).click();
    await dialog.getByText("not kept").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Open conversations" }).click();
  }
  await page.keyboard.press("Escape");
  await assertTame(page);
});

function oddConversation(id: string, index: number): Conversation {
  const answer: AnswerInfo = {
    ...{ model: "<b>model</b>", route: "edge", finishReason: "constructor" },
    ...{ promptTokens: 1, completionTokens: 1, cachedTokens: 0, firstTokenMs: 1, tokensPerSecond: 1 },
    ...{ request: "no JSON", requestMessages: 0, response: "" },
  } as const;
  const messages = [newMessage("user", "Hi"), newMessage("assistant", `Odd: ${index}`, answer)];
  return { ...newConversation(DEFAULT_SETTINGS), id, title: `About ${id}`, messages };
}

async function importFile(page: Page, text: string): Promise<void> {
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Import" }).click(),
  ]);
  await chooser.setFiles({ name: "x.json", mimeType: "application/json", buffer: Buffer.from(text) });
}
