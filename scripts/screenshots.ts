// `npm run screenshots`: the playground with the trained model that ships, light and dark, into docs/images.
// The way: pack the model if need be, start workerd over it, ask two questions in a real browser, take the pictures.
// Must not know: how any of these is done.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Browser } from "playwright-core";
import { launchChromium } from "./chromium.ts";
import { serverCommand } from "./dev/runtime.ts";
import { Server } from "./dev/server.ts";
import { cacheFolder, findModel } from "./model-path.ts";
import { ensurePacked } from "./pack/cache.ts";

// It takes no option; one that is given is refused before a picture is overwritten.
parseArgs({ options: {} });

const OUT = fileURLToPath(new URL("../docs/images/", import.meta.url));
const PORT = 8797;
const ADDRESS = `http://127.0.0.1:${PORT}`;
const QUESTIONS = ["What is qwen-edge?", "How do I load my own model?"];

const folder = await ensurePacked(findModel("pocket"));
const place = { folder, host: "127.0.0.1", port: PORT, stateFolder: join(cacheFolder(), "run") };
const server = new Server(await serverCommand("workerd", place));
try {
  await untilReady();
  await warmUp();
  const browser = await launchChromium();
  await mkdir(OUT, { recursive: true });
  for (const colorScheme of ["light", "dark"] as const) await take(browser, colorScheme);
  await browser.close();
} finally {
  await server.stop();
}

async function untilReady(): Promise<void> {
  while (!server.hasEnded) {
    const isReady = await fetch(`${ADDRESS}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    await sleep(100);
  }
  throw new Error(`The server has ended:\n${server.tail}`);
}

/** The first answers of a fresh server tell of its compiler's speed, not of the model's. */
async function warmUp(): Promise<void> {
  const body = JSON.stringify({ messages: [{ role: "user", content: "Hello!" }], ignore_eos: true, max_tokens: 200 });
  const headers = { "content-type": "application/json" };
  await (await fetch(`${ADDRESS}/v1/chat/completions`, { method: "POST", headers, body })).text();
}

async function take(browser: Browser, colorScheme: "light" | "dark"): Promise<void> {
  const page = await browser.newPage({ locale: "en-US", colorScheme, viewport: { width: 1280, height: 800 } });
  await page.goto(ADDRESS);
  for (const [index, question] of QUESTIONS.entries()) {
    await page.getByRole("textbox", { name: "Message" }).fill(question);
    await page.keyboard.press("Enter");
    await page.locator(".stats").nth(index).waitFor();
    await page.getByRole("button", { name: "Stop", exact: true }).waitFor({ state: "detached" });
  }
  // As it stands when no button fades any more.
  await page.screenshot({ animations: "disabled", path: join(OUT, `playground-${colorScheme}.png`) });
  await page.context().close();
}
