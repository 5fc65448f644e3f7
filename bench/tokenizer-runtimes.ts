// The tokenizer's measure in each runtime: a fresh process, how it is started, and where its heap is read.
// Takes the path of a tokenizer.bin; gives measure's result. Must not know: what is measured, how it is shown.

import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Runtime } from "./runtimes.ts";
import { measure, type Result } from "./tokenizer-measure.ts";
import { inspectHeap } from "./workerd-heap.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Measures in a fresh process of one runtime. @throws when it fails there */
export function measureIn(runtime: Runtime, file: string): Promise<Result> {
  return runtime === "workerd" ? measureInWorkerd(file) : measureLocally(runtime, file);
}

async function measureLocally(runtime: "deno" | "node", file: string): Promise<Result> {
  const { runInstall } = createRequire(import.meta.url)("deno/install_api.cjs") as { runInstall(): string };
  const script = [here("tokenizer-local.ts"), file];
  const deno = ["run", "--quiet", "--cached-only", "--no-prompt", "--config", here("../deno.json"), "--allow-read"];
  const [program, args] =
    runtime === "deno"
      ? [runInstall(), [...deno, "--v8-flags=--expose-gc", ...script]]
      : [process.execPath, ["--expose-gc", ...script]];
  const { stdout } = await promisify(execFile)(program, args);
  return JSON.parse(stdout) as Result;
}

async function measureInWorkerd(file: string): Promise<Result> {
  Object.assign(process.env, {
    MINIFLARE_WORKERD_V8_FLAGS: "--expose-gc",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_WRITE_LOGS: "false",
    WRANGLER_REGISTRY_PATH: here("../build/bench/state/registry"),
    CLOUDFLARE_CF_FETCH_ENABLED: "false", // else the start asks a Cloudflare host where this machine stands
  });
  const { unstable_startWorker } = await import("wrangler");
  const worker = await unstable_startWorker({
    config: here("wrangler.toml"),
    entrypoint: here("tokenizer-worker.ts"),
    dev: { watch: false, persist: false, logLevel: "error", server: { port: 0 }, inspector: { port: 0 } },
  });
  try {
    await worker.ready;
    const [url, inspectorUrl] = [await worker.url, await worker.inspectorUrl];
    if (inspectorUrl === undefined) throw new Error("wrangler started no inspector");
    return await measure(
      {
        post: (path, body = "") => fetch(new URL(path, url), { method: "POST", body }),
        heapBytes: () => inspectHeap(inspectorUrl),
      },
      file,
    );
  } finally {
    await worker.dispose();
  }
}
