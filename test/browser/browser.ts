// Pages in a headless Chromium that are watched: a breach of the Content-Security-Policy, a request to another host or an
// uncaught error fails the test that opened the page. Also axe-core's look at a page.
// Takes a browser and an address; gives a page. Must not know: what is on the page.

import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import axe from "axe-core";
import type { Browser, BrowserContextOptions, ConsoleMessage, Page } from "playwright-core";

export { launchChromium as launch, noChromium as skip } from "../../scripts/chromium.ts";

export const WIDE = { width: 1280, height: 800 };
export const NARROW = { width: 360, height: 740 };

/** A watched page in a profile of its own, which ends with the test. */
export async function openPage(
  t: TestContext,
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext({ locale: "en-US", viewport: WIDE, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
  page.on("dialog", (dialog) => {
    complaints.push(`a dialog of the browser: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("console", (message) => {
    if (isComplaint(message)) complaints.push(`console: ${message.text()}`);
  });
  context.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== "blob:" && origin !== new URL(url).origin) complaints.push(`a request to ${request.url()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
      console.error(`policy: ${violatedDirective} ${blockedURI}`);
    });
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual(complaints, []);
  });
  await page.goto(url);
  return page;
}

/** The browser's own line for an answer that is an error, or for none, is what tests of errors ask for. */
function isComplaint(message: ConsoleMessage): boolean {
  return message.type() === "error" && !message.text().startsWith("Failed to load resource");
}

/** axe-core's findings that are serious or worse, as lines; none is what a test wants. */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof import("axe-core") }).axe.run();
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(
        ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(" | ")}`,
      );
  });
}
