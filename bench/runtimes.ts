// Our engine in each runtime, from outside: how a process is started, asked and ended.
// Takes a packed folder; gives a Line on which commands go in and answers come out. Must not know: what is measured.

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { freePort } from "../scripts/dev/free-port.ts";
import { Server } from "../scripts/dev/server.ts";
import type { Answer, Command } from "./protocol.ts";
import { inspectHeap } from "./workerd-heap.ts";

export const RUNTIMES = ["workerd", "deno", "node"] as const;
export type Runtime = (typeof RUNTIMES)[number];

/** Somebody who obeys, one command after the other. */
export interface Line {
  /** @throws with what went wrong at the other end */
  ask(command: Command): Promise<unknown>;
  /** Bytes of JavaScript objects and array buffers at the other end; null where nobody can tell. */
  heapBytes(collect: boolean): Promise<number | null>;
  close(): Promise<void>;
}

export interface Place {
  /** A packed model of one stage. */
  readonly folder: string;
  /** The compiled roofs. */
  readonly roofs: string;
  /** For what wrangler wants to keep. */
  readonly stateFolder: string;
}

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const WRANGLER = join(ROOT, "node_modules", "wrangler", "wrangler-dist", "cli.js");
const START_MS = 60_000;

/** Starts a fresh process of one runtime. @throws when it does not start */
export function start(runtime: Runtime, place: Place): Promise<Line> {
  return runtime === "workerd" ? startWorkerd(place) : startLocally(runtime, place);
}

async function startLocally(runtime: "deno" | "node", { folder, roofs }: Place): Promise<Line> {
  const script = [join(ROOT, "bench", "local.ts"), folder, roofs];
  const deno = ["run", "--quiet", "--cached-only", "--no-prompt", "--config", join(ROOT, "deno.json"), "--allow-read"];
  const { runInstall } = createRequire(import.meta.url)("deno/install_api.cjs") as { runInstall(): string };
  return runtime === "deno"
    ? startProcess("deno", runInstall(), [...deno, "--v8-flags=--expose-gc", ...script])
    : startProcess("node", process.execPath, ["--expose-gc", ...script]);
}

/** A process that serves lines.ts. */
export async function startProcess(name: string, file: string, args: readonly string[]): Promise<Line> {
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(file, args, {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const kill = () => child.kill("SIGKILL");
  process.on("exit", kill);
  await once(child, "spawn");
  const ended = once(child, "exit");
  child.stdin.on("error", () => {}); // the end of the process is told below
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (command: Command): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    const { done, value } = await lines.next();
    if (done) throw new Error(`The bench in ${name} ended with exit code ${(await ended)[0]}`);
    return read(name, JSON.parse(value) as Answer);
  };
  return {
    ask,
    heapBytes: async (collect) => (await ask({ do: "heap", collect })) as number | null,
    close: async () => {
      child.stdin.end();
      kill();
      await ended;
      process.off("exit", kill);
    },
  };
}

async function startWorkerd({ folder, stateFolder }: Place): Promise<Line> {
  const [port, inspectorPort] = [await freePort(), await freePort()];
  const server = new Server({
    file: process.execPath,
    args: [
      ...["--no-warnings", WRANGLER, "dev", "--config", join(ROOT, "bench", "wrangler.toml"), "--assets", folder],
      ...["--ip", "127.0.0.1", "--port", String(port), "--inspector-port", String(inspectorPort)],
      ...["--persist-to", join(stateFolder, String(port)), "--show-interactive-dev-session=false"],
      ...["--log-level", "warn"],
    ],
    env: {
      PATH: process.env.PATH ?? "",
      HOME: process.env.HOME ?? "",
      NO_COLOR: "1",
      MINIFLARE_WORKERD_V8_FLAGS: "--expose-gc",
      WRANGLER_SEND_METRICS: "false",
      WRANGLER_SEND_ERROR_REPORTS: "false",
      WRANGLER_HIDE_BANNER: "true",
      WRANGLER_WRITE_LOGS: "false",
      WRANGLER_REGISTRY_PATH: join(stateFolder, "registry"),
      CLOUDFLARE_CF_FETCH_ENABLED: "false", // else the start asks a Cloudflare host where this machine stands
    },
  });
  try {
    const socket = await connect(`ws://127.0.0.1:${port}/`, server);
    const ask = async (command: Command): Promise<unknown> => {
      socket.send(JSON.stringify(command));
      return read("workerd", JSON.parse(await message(socket, server)) as Answer);
    };
    return {
      ask,
      heapBytes: async (collect) => {
        await ask({ do: "heap", collect });
        return inspectHeap(`http://127.0.0.1:${inspectorPort}`);
      },
      close: async () => {
        socket.close();
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

function read(name: string, answer: Answer): unknown {
  if ("error" in answer) throw new Error(`The bench in ${name}: ${answer.error}`);
  return answer.ok;
}

/** The socket, once somebody listens. */
async function connect(url: string, server: Server): Promise<WebSocket> {
  for (const deadline = Date.now() + START_MS; ; ) {
    const socket = new WebSocket(url);
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.addEventListener("open", () => resolve(true), { once: true });
      socket.addEventListener("error", () => resolve(false), { once: true });
    });
    if (isOpen) return socket;
    if (server.hasEnded || Date.now() > deadline)
      throw new Error(`The bench in workerd did not start:\n${server.tail}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** The next message. @throws when the socket ends instead */
function message(socket: WebSocket, server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    const take = ({ data }: MessageEvent) => {
      socket.removeEventListener("close", fail);
      resolve(String(data));
    };
    const fail = () => {
      socket.removeEventListener("message", take);
      const why = "The bench in workerd hung up (wrangler starts anew when a source file changes)";
      reject(new Error(`${why}:\n${server.tail}`));
    };
    socket.addEventListener("message", take, { once: true });
    socket.addEventListener("close", fail, { once: true });
  });
}
