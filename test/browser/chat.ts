// The playground as a person handles it: by roles and labels, never by classes or the page's insides.
// Takes a page; gives its parts and the few actions that every test begins with.

import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";

export const input = (page: Page): Locator => page.getByRole("textbox", { name: "Message" });
export const button = (page: Page, name: string): Locator => page.getByRole("button", { name, exact: true });
export const questions = (page: Page): Locator => page.getByRole("article", { name: "You" });
export const answers = (page: Page): Locator => page.getByRole("article", { name: "Assistant" });
export const stats = (page: Page): Locator => page.locator(".stats");
export const alert = (page: Page): Locator => page.getByRole("alert");

/** Types a question and sends it; does not wait for the answer. */
export async function send(page: Page, question: string): Promise<void> {
  await input(page).fill(question);
  await button(page, "Send").click();
}

/** Waits until no answer streams any more: the button is Send again, and the last answer has its line of numbers. */
export async function untilDone(page: Page): Promise<void> {
  await button(page, "Stop").waitFor({ state: "detached" });
  await stats(page).last().waitFor();
}

export async function ask(page: Page, question: string): Promise<string> {
  const before = await answers(page).count();
  await send(page, question);
  await answers(page).nth(before).waitFor();
  await untilDone(page);
  return (await answers(page).nth(before).textContent()) ?? "";
}

/** Waits until `look` gives what is expected of it. */
export async function until(look: () => Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await look()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`in five seconds not: ${what}`);
}
