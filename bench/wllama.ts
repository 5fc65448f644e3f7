// The peer in WebAssembly: npm's @wllama/wllama (llama.cpp) in headless Chromium, one thread, on a page of our own.
// Takes a GGUF file; gives rates. A completion is the only thing that wllama offers, so one gives prefill and decode at
// once, by llama.cpp's own clocks. Must not know: our engine.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { launchChromium } from "../scripts/chromium.ts";

const PACKAGE = fileURLToPath(new URL("node_modules/@wllama/wllama/esm/", import.meta.url));
/** Tokens that it may hold; the longest prompt and its answer. */
const CONTEXT = 1_024;

export interface Rates {
  /** Tokens a second. */
  readonly prefill: number;
  readonly decode: number;
}

export interface Wllama {
  readonly version: string;
  /** A prompt of `length` tokens, and `steps` tokens behind it. */
  complete(length: number, steps: number): Promise<Rates>;
  close(): Promise<void>;
}

/** What llama.cpp's server says of a completion. */
interface Timings {
  readonly prompt_n: number;
  readonly prompt_per_second: number;
  readonly predicted_n: number;
  readonly predicted_per_second: number;
}

// In the page. Cross-origin isolation, which threads would need, is not asked for; nor is a GPU.
const PAGE = `<!doctype html><title>wllama</title><script type="module">
import { Wllama } from "/index.js";
const logger = { debug() {}, log() {}, warn: console.warn, error: console.error };
const wllama = new Wllama({ default: "/wllama.wasm" }, { logger, suppressNativeLog: true });
window.load = async () => {
  const file = await (await fetch("/model.gguf")).blob();
  await wllama.loadModel([file], { n_ctx: ${CONTEXT}, n_threads: 1, n_gpu_layers: 0, n_parallel: 1, warmup: false });
  if (wllama.isMultithread() || wllama.getNumThreads() !== 1) throw new Error("wllama took more than one thread");
  return Wllama.getLibllamaVersion();
};
window.complete = async (length, steps) => {
  const words = [" the", " of", " and", " to", " in", " is", " for", " that"]; // a token each
  const prompt = Array.from({ length }, (_, i) => words[i % 8]).join("");
  const options = { max_tokens: steps, temperature: 0, ignore_eos: true, cache_prompt: false };
  return (await wllama.createCompletion({ prompt, ...options })).timings;
};
</script>`;

/** Starts a browser and loads the model. @throws when there is no browser, or wllama cannot load it */
export async function startWllama(file: string): Promise<Wllama> {
  const server = createServer((request, response) => void serve(file, request.url ?? "", response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const browser = await launchChromium();
  const close = async () => {
    await browser.close();
    server.closeAllConnections();
    server.close();
  };
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.waitForFunction("window.complete !== undefined", undefined, { timeout: 30_000 });
    const version = (await page.evaluate("load()")) as string;
    return {
      version,
      complete: async (length, steps) => {
        const timings = (await page.evaluate(`complete(${length}, ${steps})`)) as Timings;
        if (timings.prompt_n !== length || timings.predicted_n !== steps) {
          throw new Error(
            `wllama did ${timings.prompt_n} and ${timings.predicted_n} tokens, not ${length} and ${steps}`,
          );
        }
        return { prefill: timings.prompt_per_second, decode: timings.predicted_per_second };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function serve(model: string, url: string, response: ServerResponse): Promise<void> {
  const send = async (path: string, type: string) => {
    response.writeHead(200, { "content-type": type, "content-length": (await stat(path)).size });
    await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), response);
  };
  try {
    if (url === "/") response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(PAGE);
    else if (url === "/index.js") await send(`${PACKAGE}index.js`, "text/javascript");
    else if (url === "/wllama.wasm") await send(`${PACKAGE}wasm/wllama.wasm`, "application/wasm");
    else if (url === "/model.gguf") await send(model, "application/octet-stream");
    else response.writeHead(404).end();
  } catch {
    response.destroy(); // the page hung up
  }
}
