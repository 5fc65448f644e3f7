// A headless Chromium for tests and screenshots: an npm package brings it, compressed.
// Owns: unpacking it into build/chromium and its flags. Gives a browser to playwright. Must not know: any page.

import { createReadStream, createWriteStream, existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { createBrotliDecompress } from "node:zlib";
import { type Browser, chromium } from "playwright-core";

const PACKED = new URL("../../bin/chromium.br", import.meta.resolve("@sparticuz/chromium"));
const FOLDER = fileURLToPath(new URL("../build/chromium", import.meta.url));

/** Not the package's own flags, which switch the web's security off. Names of hosts lead nowhere. */
const FLAGS = [
  ...["--no-sandbox", "--no-zygote", "--disable-gpu", "--disable-dev-shm-usage", "--font-render-hinting=none"],
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/** Why there is no browser here, or false: the package is for Linux on x64; QWEN_EDGE_CHROMIUM names another one. */
export const noChromium: string | false =
  process.env.QWEN_EDGE_CHROMIUM || (process.platform === "linux" && process.arch === "x64")
    ? false
    : "set QWEN_EDGE_CHROMIUM to the path of a Chromium";

export async function launchChromium(): Promise<Browser> {
  const executablePath = process.env.QWEN_EDGE_CHROMIUM || (await unpack());
  return chromium.launch({ executablePath, args: FLAGS, headless: true });
}

/** Unpacked once, under another name first: test files run side by side. */
async function unpack(): Promise<string> {
  const path = join(FOLDER, "headless-shell");
  if (existsSync(path)) return path;
  mkdirSync(FOLDER, { recursive: true });
  const part = `${path}.${process.pid}`;
  await pipeline(createReadStream(PACKED), createBrotliDecompress(), createWriteStream(part, { mode: 0o755 }));
  renameSync(part, path);
  return path;
}
