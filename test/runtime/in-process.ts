// The service in this process, on Node: app and engine as src/platform/deno.ts puts them together, asked without a socket.
// For tests that compare it with the servers that `npm start` starts.

import { createReadStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import OpenAI from "openai";
import { createApp } from "../../src/app.ts";
import { readConfig } from "../../src/config.ts";
import { createOriginCompleter } from "../../src/origin/client.ts";
import { engineLoad } from "../../src/platform/engine.ts";
import { modules } from "../fakes/packed.ts";

/** Loads a packed folder with the settings of `env`; gives a client of the app. */
export async function serveInProcess(folder: string, env: Readonly<Record<string, string>>): Promise<OpenAI> {
  const config = readConfig(env);
  const openFile = async (name: string) =>
    Readable.toWeb(createReadStream(join(folder, name))) as ReadableStream<Uint8Array>;
  const load = engineLoad({ config, modules: modules(), openFile });
  const ignore = () => {};
  const { model, engine } = await load(ignore, ignore);
  const app = createApp({
    completers: { edge: engine.completer, origin: createOriginCompleter(config.origins) },
    text: engine.text,
    status: async () => ({ state: "ready", progress: 1, model }),
    config,
  });
  return new OpenAI({
    ...{ baseURL: "http://edge.test/v1", apiKey: config.apiKeys[0] ?? "none", maxRetries: 0 },
    fetch: async (input, init) => app.fetch(new Request(input, init)),
  });
}
