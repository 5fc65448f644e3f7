// Starts `npm start` as a user does, on a free port and with a cache of its own, and ends it as a terminal's Ctrl-C does.
// Every process that it starts carries a mark in its environment, by which those that stay behind are found.

import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import OpenAI from "openai";
import { freePort } from "../../scripts/dev/free-port.ts";

export type Runtime = "workerd" | "deno";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SCRIPTS: Readonly<Record<Runtime, string>> = { workerd: "start", deno: "start:deno" };

export interface Started {
  readonly url: string;
  readonly port: number;
  /** Sends the first of the keys that the server was given. */
  readonly client: OpenAI;
  /** What was printed so far. */
  readonly output: () => string;
  /** Ctrl-C: SIGINT to the whole foreground group. Resolves when everything has ended, or after five seconds. */
  interrupt(): Promise<void>;
  /** SIGTERM to npm, as a process manager sends it. Resolves as interrupt() does. */
  terminate(): Promise<void>;
  /** Command lines of all its processes that run; null where /proc does not tell. */
  processes(): string[] | null;
}

/** Runs the script until it says that the model is ready. @throws with what it printed when it ends before */
export async function startServer(
  runtime: Runtime,
  { args = [], env = {} }: { args?: readonly string[]; env?: Record<string, string> } = {},
): Promise<Started> {
  const port = await freePort();
  const mark = randomUUID();
  const cache = mkdtempSync(join(tmpdir(), "qwen-edge-"));
  const child = spawn("npm", ["run", "--silent", SCRIPTS[runtime], "--", "--port", String(port), ...args], {
    cwd: ROOT,
    detached: true,
    env: { ...process.env, ...env, QWEN_EDGE_CACHE: cache, QWEN_EDGE_TEST_MARK: mark },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const ended = new Promise<number | null>((resolve) => child.on("exit", (code) => resolve(code)));
  const ready = new Promise<void>((resolve) => {
    const onData = (bytes: Buffer) => {
      output += bytes.toString();
      if (output.includes(" is ready in ")) resolve();
    };
    child.stdout.on("data", onData);
    child.stderr.on("data", onData);
  });
  const killGroup = () => signalGroup(child, "SIGINT");
  process.once("exit", killGroup);
  await Promise.race([
    ready,
    ended.then((code) => {
      throw new Error(`npm run ${SCRIPTS[runtime]} ended with ${code}:\n${output}`);
    }),
  ]);
  const url = `http://127.0.0.1:${port}`;
  const apiKey = env.QWEN_EDGE_API_KEYS?.split(",")[0] ?? "none";
  const untilGone = async () => {
    await ended; // npm's own end, which comes before the end of what it started
    for (let tries = 0; tries < 50 && marked(mark)?.length !== 0; tries++) await sleep(100);
  };
  return {
    url,
    port,
    client: new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 }),
    output: () => output,
    async interrupt() {
      signalGroup(child, "SIGINT");
      await untilGone();
      process.off("exit", killGroup);
      rmSync(cache, { recursive: true, force: true });
    },
    async terminate() {
      child.kill("SIGTERM");
      await untilGone();
    },
    processes: () => marked(mark),
  };
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, signal);
  } catch {
    // The group has ended.
  }
}

/** Processes whose environment has the mark. One that has ended but was not collected has an empty environment. */
function marked(mark: string): string[] | null {
  if (!existsSync("/proc/self/environ")) return null;
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      if (!readFileSync(`/proc/${pid}/environ`, "utf8").includes(mark)) return [];
      return [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")];
    } catch {
      return []; // ended meanwhile, or another user's
    }
  });
}
