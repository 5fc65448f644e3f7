// The playground for everyone: narrow and wide, dark and light, by keyboard alone, in Chinese, from right to left.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { says } from "../fakes/completer.ts";
import { launch, NARROW, openPage, seriousFindings, skip, WIDE } from "./browser.ts";
import { answers, ask, button, input, until, untilDone } from "./chat.ts";
import { startFakeApi } from "./fake-api.ts";

const ORIGINS = { "qwen2.5-7b-instruct": { baseUrl: "http://127.0.0.1:9/v1" } };
const browser = skip ? undefined : await launch();
const api = await startFakeApi({ QWEN_EDGE_ORIGINS: ORIGINS });
after(() => Promise.all([browser?.close(), api.close()]));

const RICH = [
  "# A heading\n\nSome *text* with `code`, a [link](https://example.com) and a list:\n\n- one\n- two\n\n",
  '```js\nconst answer = 42; // a comment\nconsole.log("a very long line of code that has to scroll by itself " + answer);\n```\n\n',
  "| a | b |\n| - | - |\n| 1 | 2 |\n\nAWordSoLongThatItHasToBeBrokenSomewhereOrItWouldMakeThePageScrollSidewaysOnAPhone.",
];

for (const colorScheme of ["light", "dark"] as const) {
  for (const viewport of [WIDE, NARROW]) {
    test(`axe finds nothing serious and nothing sticks out: ${colorScheme}, ${viewport.width} px`, {
      skip,
    }, async (t) => {
      api.answer(says(...RICH));
      const page = await openPage(t, browser!, api.url, { colorScheme, viewport, reducedMotion: "reduce" });
      const check = async (what: string) => {
        assert.deepEqual(await seriousFindings(page), [], what);
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(width <= viewport.width, `${what}: the page is ${width} px wide`);
      };
      await check("empty");
      await ask(page, "Show me everything");
      await page.locator(".hljs, [data-highlighted]").first().waitFor({ state: "attached" });
      await check("answer");
      await button(page, "Settings").first().click();
      await page.getByLabel("System prompt").waitFor();
      await check("settings");
      await page.keyboard.press("Escape");
      for (const tab of ["Compare", "Tokenizer", "Chat"]) {
        await page.getByRole("tab", { name: tab }).click();
        await check(tab);
      }
    });
  }
}

test("the keyboard alone is enough: skip link, question, every control, new chat", { skip }, async (t) => {
  api.answer(says("By keys"));
  const page = await openPage(t, browser!, api.url);
  const skipLink = page.getByRole("link", { name: "Skip to the message" });
  await skipLink.focus();
  const { x, y } = (await skipLink.boundingBox())!;
  assert.ok(x >= 0 && y >= 0, "the link stays out of sight");
  await page.keyboard.press("Enter");
  assert.equal(await input(page).evaluate((field) => field === document.activeElement), true);
  await page.keyboard.type("Hello");
  await page.keyboard.press("Enter");
  await untilDone(page);
  // Every control can be reached, and shows that it is.
  const names = new Set<string>();
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press("Tab");
    const { name, isShown } = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === null || element === document.body) return { name: "", isShown: true };
      // A field's frame may be its parent's.
      const frames = [element, element.parentElement ?? element].map((framed) => getComputedStyle(framed));
      const name = element.getAttribute("aria-label") ?? element.textContent ?? "";
      return { name: name.trim(), isShown: frames.some((frame) => frame.outlineStyle !== "none") };
    });
    assert.ok(isShown, `the focus on ${name} cannot be seen`);
    names.add(name);
  }
  for (const name of ["Copy", "Regenerate", "Raw", "Edit", "Settings", "New chat"]) {
    assert.ok(
      [...names].some((n) => n.includes(name)),
      `${name} is not reached: ${[...names].join(", ")}`,
    );
  }
  await page.keyboard.press("Control+Shift+O");
  await answers(page).first().waitFor({ state: "detached" });
  assert.equal(await input(page).evaluate((field) => field === document.activeElement), true);
});

test("the focus is never lost when the button that had it goes: Stop, by itself or not, and Regenerate", {
  skip,
}, async (t) => {
  const text = { kind: "text", text: "Something", logprobs: [] } as const;
  const finish = says().slice(-1);
  api.answer([text, { waitMs: 60_000 }], [text, { waitMs: 500 }, ...finish], says("Again"));
  const page = await openPage(t, browser!, api.url);
  const hasFocus = () => input(page).evaluate((field) => field === document.activeElement);
  for (const key of ["Enter", "Shift"]) {
    await input(page).fill("Go on");
    await page.keyboard.press("Enter");
    await answers(page).last().getByText("Something").waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press(key);
    await untilDone(page);
    await until(hasFocus, `the focus is in the composer after ${key} on Stop`);
  }
  await answers(page).last().getByRole("button", { name: "Regenerate" }).focus();
  await page.keyboard.press("Enter");
  await answers(page).getByText("Again").waitFor();
  await until(hasFocus, "the focus is in the composer after Regenerate");
});

test("a screen reader hears nothing of an answer that ends behind another conversation", { skip }, async (t) => {
  const text = (text: string) => ({ kind: "text", text, logprobs: [] }) as const;
  api.answer([text("One "), { waitMs: 300 }, text("secret"), ...says().slice(-1)]);
  const page = await openPage(t, browser!, api.url);
  await input(page).fill("Go on");
  await page.keyboard.press("Enter");
  await answers(page).getByText("One").waitFor();
  await button(page, "New chat").click();
  await page.waitForTimeout(800);
  assert.doesNotMatch((await page.getByRole("log").textContent()) ?? "", /secret/);
});

test("a screen reader hears of of an answer politely, and not every token", { skip }, async (t) => {
  const pieces = Array.from({ length: 200 }, (_, i) => [
    { kind: "text", text: `word${i}. `, logprobs: [] } as const,
    { waitMs: 5 },
  ]).flat();
  api.answer([...pieces, ...says("end").slice(-1)]);
  const page = await openPage(t, browser!, api.url);
  await page.evaluate(() => {
    const heard: string[] = [];
    Object.assign(globalThis, { heard });
    const observer = new MutationObserver((records) => {
      for (const { target } of records) {
        const element = target instanceof Element ? target : target.parentElement;
        const region = element?.closest("[aria-live], [role=status], [role=log], [role=alert]");
        if (region)
          heard.push(`${region.getAttribute("aria-live") ?? region.getAttribute("role")}: ${region.textContent}`);
      }
    });
    observer.observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  await ask(page, "Talk");
  await page.waitForTimeout(500);
  const heard = await page.evaluate(() => (globalThis as unknown as { heard: string[] }).heard);
  assert.ok(heard.length > 0, "nothing was announced");
  assert.ok(heard.length < 30, `${heard.length} announcements for 200 tokens`);
  assert.ok(
    heard.every((line) => !line.startsWith("assertive")),
    heard.join("\n"),
  );
});

test("the interface speaks Chinese to a Chinese browser", { skip }, async (t) => {
  api.answer(says("你好"));
  const page = await openPage(t, browser!, api.url, { locale: "zh-CN" });
  assert.match((await page.locator("html").getAttribute("lang")) ?? "", /^zh/);
  await page.getByRole("button", { name: "发送" }).waitFor();
  assert.deepEqual(await seriousFindings(page), []);
});

test("text from right to left runs so, in the answer and in the question", { skip }, async (t) => {
  api.answer(says("مرحبا بالعالم"));
  const page = await openPage(t, browser!, api.url);
  await input(page).fill("שלום");
  assert.equal(await input(page).evaluate((field) => getComputedStyle(field).direction), "rtl");
  await page.keyboard.press("Enter");
  const answer = answers(page).getByText("مرحبا بالعالم");
  await answer.waitFor();
  assert.equal(await answer.evaluate((element) => getComputedStyle(element).direction), "rtl");
});

test("one question goes to two models, side by side", { skip }, async (t) => {
  api.answer(says("from the edge"));
  const page = await openPage(t, browser!, api.url);
  await page.getByRole("tab", { name: "Compare" }).click();
  await page.getByRole("textbox", { name: "Message" }).fill("Hi");
  await page.keyboard.press("Enter");
  await page.getByText("from the edge").first().waitFor();
  // The origin is down, and only its side says so.
  await page.getByRole("alert").first().waitFor();

  // Only the last turn can be asked anew: an earlier one would take the turns after it along.
  await page.getByRole("textbox", { name: "Message" }).fill("And now?");
  await page.keyboard.press("Enter");
  await answers(page).nth(3).getByRole("alert").waitFor();
  await button(page, "Stop").waitFor({ state: "detached" });
  const again = answers(page).getByRole("button", { name: "Regenerate" });
  assert.equal(await again.count(), 2);
  await again.first().click();
  await button(page, "Stop").waitFor({ state: "detached" });
  assert.deepEqual(
    api.asked.at(-1)?.messages.map(({ content }) => content),
    ["Hi", "from the edge", "And now?"],
  );
});

test("the tokenizer tab shows a text's tokens with their ids", { skip }, async (t) => {
  const page = await openPage(t, browser!, api.url);
  await page.getByRole("tab", { name: "Tokenizer" }).click();
  await page.getByRole("textbox", { name: "Text to tokenize" }).fill("abc");
  await page.getByText("3 tokens").waitFor();
  await page.getByText("97").first().waitFor();
});
