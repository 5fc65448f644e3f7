// The Worker: runs the app in front of the engine's Durable Object.
// Takes requests and bindings; gives responses. Keeps the app in module scope, as it holds settings and bindings only.
// Must not know: how the engine works.

import { brokenApp, createApp } from "../app.ts";
import { type Config, readConfig } from "../config.ts";
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
  fetch(request, env, context) {
    app ??= makeApp(env);
    return app.fetch(request, env, context);
  },
} satisfies ExportedHandler<Env>;

function makeApp(env: Env): App {
  let config: Config;
  try {
    config = readConfig({ ...env });
  } catch (error) {
    return brokenApp(error);
  }
  // A stub belongs to the request that got it, so each call gets its own.
  const engine = remoteEngine({ fetch: (url, init) => env.ENGINE.getByName("engine").fetch(url, init) });
  return createApp({
    completers: { edge: engine.completer, origin: createOriginCompleter(config.origins) },
    text: engine.text,
    status: engine.status,
    config,
    page: async (path) => {
      const response = await env.ASSETS.fetch(`https://assets.local/web/${path}`);
      return response.ok ? response.body : null;
    },
  });
}
