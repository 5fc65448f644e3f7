// `npm start`: serves a model on this machine until Ctrl-C.
// The way: read the options, find the model, pack it if need be, start a runtime over it, wait until it is ready, tell
// the address, end in order. Must not know: how a runtime is started, how a model is packed.

import { createServer } from "node:net";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { WEIGHT_FORMATS } from "../kernels/formats.ts";
import { readConfig } from "../src/config.ts";
import { CLIENT_KEY, type Place, type Runtime, serverCommand, serverEnvironment } from "./dev/runtime.ts";
import { Server } from "./dev/server.ts";
import { cacheFolder, findModel } from "./model-path.ts";
import { ensurePacked } from "./pack/cache.ts";
import { ProgressLine } from "./progress.ts";
import { parseChoice, parseInteger } from "./usage.ts";

const HELP = `Usage: npm start -- [OPTIONS]      (or: npx qwen-edge dev [OPTIONS])

Serves a model on this machine: OpenAI's API under /v1, until Ctrl-C.

  --model NAME|PATH   a packed folder, a GGUF file or a Hugging Face folder, or the name of one that is known here;
                      packed on first use (default: pocket, the small one that ships)
  --quant FORMAT      ${WEIGHT_FORMATS.join(" or ")}, when packing (default: by the model's size)
  --stages N          cut the model into N stages, packing again if need be (default: 1)
  --runtime NAME      workerd or deno (default: workerd)
  --port N            (default: 8787)
  --host ADDRESS      (default: 127.0.0.1)

Settings are environment variables, QWEN_EDGE_...: see docs/configuration.md`;

const POLL_MS = 100;

const OPEN =
  `Warning: ${CLIENT_KEY} is the key that qwen-edge chat sends; ` +
  "this server asks nobody for a key until QWEN_EDGE_API_KEYS is set";

export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      model: { type: "string" },
      quant: { type: "string" },
      stages: { type: "string" },
      runtime: { type: "string", default: "workerd" },
      port: { type: "string", default: "8787" },
      host: { type: "string", default: "127.0.0.1" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const runtime = parseChoice("runtime", values.runtime, ["workerd", "deno"]);
  const port = parseInteger("port", values.port, { min: 1, max: 65_535 });
  const quant = values.quant === undefined ? undefined : parseChoice("quant", values.quant, WEIGHT_FORMATS);
  const stages =
    values.stages === undefined ? undefined : parseInteger("stages", values.stages, { min: 1, max: 1_024 });
  checkSettings();
  const model = findModel(values.model);
  await checkPort(values.host, port);

  const stopping = new AbortController();
  const onSignal = () => stopping.abort();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  const watch = watchParent(onSignal);
  const progress = new ProgressLine();
  try {
    const folder = await ensurePacked(model, {
      stages,
      quant,
      cacheFolder: join(cacheFolder(), "packed"),
      signal: stopping.signal,
      onProgress: (done, total) => progress.show("Packing", done / total),
      onNote: (line) => progress.print(line),
    });
    const place = { folder, host: values.host, port, stateFolder: join(cacheFolder(), "run") };
    return await serve(runtime, place, { stopping: stopping.signal, progress });
  } catch (error) {
    if (stopping.signal.aborted) return 0;
    throw error;
  } finally {
    progress.clear();
    clearInterval(watch);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(signal, onSignal);
  }
}

/** Under npm, calls `stop` once npm is gone: killed, it tells nobody. Started by hand, a server may outlive its shell. */
function watchParent(stop: () => void): NodeJS.Timeout | undefined {
  if (process.env.npm_lifecycle_event === undefined) return undefined;
  const parent = process.ppid;
  return setInterval(() => process.ppid === parent || stop(), POLL_MS).unref();
}

/**
 * Says so where the client's key is set and the server has none: it may have been meant for the server.
 * @throws {ConfigError} naming the variable that is wrong, before anything is started with it
 */
function checkSettings(): void {
  const { apiKeys } = readConfig(serverEnvironment());
  if (apiKeys.length === 0 && process.env[CLIENT_KEY]) console.error(OPEN);
}

/** Runs the server until it ends or is asked to. Resolves to the exit code. */
async function serve(
  runtime: Runtime,
  place: Place,
  { stopping, progress }: { stopping: AbortSignal; progress: ProgressLine },
): Promise<number> {
  const server = new Server(await serverCommand(runtime, place));
  const stopped = new Promise<"stopped">((resolve) => {
    if (stopping.aborted) resolve("stopped");
    else stopping.addEventListener("abort", () => resolve("stopped"), { once: true });
  });
  const url = `http://${place.host.includes(":") ? `[${place.host}]` : place.host}:${place.port}`;
  try {
    const model = await Promise.race([untilReady(url, server, progress), server.ended, stopped]);
    progress.clear();
    if (typeof model === "object") {
      console.log(welcome(url, model.name, runtime));
      server.onLine = (line) => console.error(line);
      await Promise.race([server.ended, stopped]);
    }
    if (!server.hasEnded) return 0;
    console.error(`${server.tail}\n${runtime} has ended by itself; its last lines stand above`);
    return 1;
  } finally {
    await server.stop();
  }
}

/**
 * Asks /health until the model is ready (the first question starts the loading), or until the server has ended.
 * @throws {Error} when loading has failed
 */
async function untilReady(url: string, server: Server, progress: ProgressLine): Promise<Health["model"] | undefined> {
  while (!server.hasEnded) {
    const health = await askHealth(url);
    if (health?.status === "ok") return health.model;
    if (health?.status === "failed") {
      // Our own errors say all in one line; the server has logged what it knows of others.
      const reason = health.error?.message ?? "The model failed to load";
      const isTold = server.tail === "" || server.tail.endsWith(reason);
      throw new Error(isTold ? reason : `${server.tail}\n${reason}`);
    }
    if (!server.hasEnded) progress.show(health === null ? "Starting" : "Loading", health?.progress ?? 0);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return undefined;
}

interface Health {
  readonly status: "ok" | "loading" | "failed";
  readonly progress?: number;
  readonly model: { readonly name: string };
  readonly error?: { readonly message: string };
}

/** null while nobody listens. */
async function askHealth(url: string): Promise<Health | null> {
  try {
    return (await (await fetch(`${url}/health`)).json()) as Health;
  } catch {
    return null;
  }
}

function welcome(url: string, model: string, runtime: Runtime): string {
  const body = { messages: [{ role: "user", content: "Hello!" }], stream: true };
  const key = process.env.QWEN_EDGE_API_KEYS ? ` -H 'authorization: Bearer KEY'` : "";
  return `${model} is ready in ${runtime} at ${url}

  Open ${url} in a browser for the playground, or ask from here:

  curl -N ${url}/v1/chat/completions -H 'content-type: application/json'${key} -d '${JSON.stringify(body)}'
`;
}

/** @throws {Error} when the address cannot be listened on */
function checkPort(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === "EADDRINUSE";
      reject(
        new Error(
          isTaken
            ? `Port ${port} on ${host} is taken; choose another with --port`
            : `Cannot listen on ${host}:${port} (${error.code})`,
        ),
      );
    });
    probe.listen(port, host, () => probe.close(() => resolve()));
  });
}
