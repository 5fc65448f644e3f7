// The bench in each runtime: how it is started, and its lines as they come.
// Takes a packed folder; gives measure.ts's lines. Must not know: what is measured, how it is shown.

import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Server } from "../scripts/dev/server.ts";
import type { Line } from "./measure.ts";

export const RUNTIMES = ["workerd", "deno", "node"] as const;
export type Runtime = (typeof RUNTIMES)[number];

export interface Job {
  /** A packed model of one stage. */
  readonly folder: string;
  /** The compiled read loop. */
  readonly readLoop: string;
  readonly rounds: number;
  /** For what wrangler wants to keep. */
  readonly stateFolder: string;
}

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const WRANGLER = join(ROOT, "node_modules", "wrangler", "wrangler-dist", "cli.js");
const START_MS = 60_000;

/** Runs the bench in a fresh process of one runtime. @throws when it ends early */
export function runIn(runtime: Runtime, job: Job): AsyncGenerator<Line> {
  return runtime === "workerd" ? runInWorkerd(job) : runLocally(runtime, job);
}

async function* runLocally(runtime: "deno" | "node", { folder, readLoop, rounds }: Job): AsyncGenerator<Line> {
  const script = [join(ROOT, "bench", "local.ts"), folder, readLoop, String(rounds)];
  const deno = ["run", "--quiet", "--cached-only", "--no-prompt", "--config", join(ROOT, "deno.json"), "--allow-read"];
  const { runInstall } = createRequire(import.meta.url)("deno/install_api.cjs") as { runInstall(): string };
  const [file, args] = runtime === "deno" ? [runInstall(), [...deno, ...script]] : [process.execPath, script];
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", resolve);
  });
  try {
    for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as Line;
    const code = await ended;
    if (code !== 0) throw new Error(`The bench in ${runtime} ended with exit code ${code}`);
  } finally {
    child.kill();
  }
}

async function* runInWorkerd({ folder, rounds, stateFolder }: Job): AsyncGenerator<Line> {
  const port = await freePort();
  const server = new Server({
    file: process.execPath,
    args: [
      ...["--no-warnings", WRANGLER, "dev", "--config", join(ROOT, "bench", "wrangler.toml"), "--assets", folder],
      ...["--ip", "127.0.0.1", "--port", String(port), "--inspector-port", "0", "--persist-to", stateFolder],
      ...["--show-interactive-dev-session=false", "--log-level", "warn"],
    ],
    env: {
      PATH: process.env.PATH ?? "",
      HOME: process.env.HOME ?? "",
      NO_COLOR: "1",
      WRANGLER_SEND_METRICS: "false",
      WRANGLER_SEND_ERROR_REPORTS: "false",
      WRANGLER_HIDE_BANNER: "true",
      WRANGLER_WRITE_LOGS: "false",
      WRANGLER_REGISTRY_PATH: join(stateFolder, "registry"),
      CLOUDFLARE_CF_FETCH_ENABLED: "false", // else the start asks a Cloudflare host where this machine stands
    },
  });
  try {
    const body = await whenListening(`http://127.0.0.1:${port}/?rounds=${rounds}`, server);
    let rest = "";
    for await (const piece of body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + piece).split("\n");
      rest = lines.pop() ?? "";
      for (const text of lines) {
        const line = JSON.parse(text) as Line | { kind: "error"; error: string };
        if (line.kind === "error") throw new Error(line.error);
        yield line;
      }
    }
  } catch (error) {
    throw new Error(`The bench in workerd failed (wrangler starts anew when a source file changes):\n${server.tail}`, {
      cause: error,
    });
  } finally {
    await server.stop();
  }
}

/** The answer's body, once somebody listens. */
async function whenListening(url: string, server: Server): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    try {
      const response = await fetch(url);
      if (!response.ok || response.body === null)
        throw new Error(`status ${response.status}: ${await response.text()}`);
      return response.body;
    } catch (error) {
      const isRefused = error instanceof TypeError;
      if (!isRefused || server.hasEnded || Date.now() > deadline) {
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
