// The Worker: runs the app in front of the engine's Durable Object.
// Takes requests and bindings; gives responses. Keeps the app in module scope, as it holds settings and bindings only.
// Must not know: how the engine works.

import { createApp } from "../app.ts";
import { readConfig } from "../config.ts";
import { choose } from "../origin/choose.ts";
import { createOriginCompleter } from "../origin/client.ts";
import { type EngineEnv, EngineObject } from "./cloudflare-engine.ts";
import { remoteEngine } from "./remote-engine.ts";

export { EngineObject };

interface Env extends EngineEnv {
  readonly ENGINE: DurableObjectNamespace<EngineObject>;
}

type App = ReturnType<typeof createApp>;

let app: App | undefined;

export default {
  async fetch(request, env, context) {
    return (app ?? (await makeApp(env))).fetch(request, env, context);
  },
} satisfies ExportedHandler<Env>;

async function makeApp(env: Env): Promise<App> {
  const config = readConfig({ ...env });
  // A stub belongs to the request that got it, so each call gets its own.
  const engine = remoteEngine({ fetch: (url, init) => env.ENGINE.getByName("engine").fetch(url, init) });
  const { state, model } = await engine.status();
  const table = { edge: model.name, aliases: config.modelAliases, origins: config.origins };
  const made = createApp({
    choose: (name) => choose(name, table),
    completers: { edge: engine.completer, origin: createOriginCompleter(config.origins) },
    text: engine.text,
    status: engine.status,
    config,
    page: async (path) => {
      const response = await env.ASSETS.fetch(`https://assets.local/web/${path}`);
      return response.ok ? response.body : null;
    },
  });
  // A model that could not be read has no name yet; the next request asks again.
  if (state !== "failed") app = made;
  return made;
}
