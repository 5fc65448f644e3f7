// The Durable Object that holds the engine: the requests of every Worker instance meet here.
// Takes what remote-engine.ts sends; gives lines of deltas, or JSON. Must not know: OpenAI's API, keys, the choice of
// model.
//
// An object that is idle for ten seconds is thrown away, the isolate around it is not: so what was loaded is kept in
// module scope, as finished values. Promises and streams belong to the object that made them and die with it.

import { DurableObject } from "cloudflare:workers";
import kernelsI16 from "../../build/kernels-i16.wasm";
import kernelsI32 from "../../build/kernels-i32.wasm";
import kernelsPlain from "../../build/kernels-plain.wasm";
import math from "../../build/math.wasm";
import { readConfig } from "../config.ts";
import { RequestError, UnavailableError } from "../errors.ts";
import { type Engine, engineLoad } from "./engine.ts";
import { type Loaded, Loader } from "./loader.ts";
import type { EngineCall } from "./remote-engine.ts";
import { packDeltas, packError, unpackRequest } from "./wire.ts";

export interface EngineEnv {
  /** The static assets: the packed model under `model/`, which only this object reads, and the page under `web/`. */
  readonly ASSETS: Fetcher;
}

let kept: Loaded<Engine> | undefined;

/** What an earlier object left. If it died at work, its chain waits for steps that will never end: a new one then. */
function inherit(): Loaded<Engine> | undefined {
  if (kept !== undefined && kept.engine.load.active > 0) kept = { ...kept, engine: kept.engine.renew() };
  return kept;
}

export class EngineObject extends DurableObject<EngineEnv> {
  readonly #loader: Loader<Engine>;

  constructor(state: DurableObjectState, env: EngineEnv) {
    super(state, env);
    const load = engineLoad({
      config: readConfig({ ...env }),
      modules: { i32: kernelsI32, i16: kernelsI16, plain: kernelsPlain, math },
      openFile: (name) => openAsset(env.ASSETS, name),
    });
    this.#loader = new Loader(async (onModel, onProgress) => {
      kept = await load(onModel, onProgress);
      return kept;
    }, inherit());
  }

  override async fetch(request: Request): Promise<Response> {
    try {
      return await this.#answer(new URL(request.url).pathname.slice(1) as EngineCall, request);
    } catch (error) {
      const fields = packError(error);
      return Response.json(fields, { status: fields?.status ?? 500 });
    }
  }

  async #answer(call: EngineCall, request: Request): Promise<Response> {
    if (call === "status") return Response.json(await this.#loader.status());
    const body = await request.text();
    const { completer, text } = this.#loader.engine();
    switch (call) {
      case "complete": {
        // The Worker's leaving comes as the signal; the stream's end says the same where the signal is silent.
        const leaving = new AbortController();
        const leave = () => leaving.abort();
        if (request.signal.aborted) leave();
        request.signal.addEventListener("abort", leave);
        const completion = await completer.complete(unpackRequest(body), leaving.signal);
        return "response" in completion ? completion.response : new Response(packDeltas(completion.deltas, leave));
      }
      case "tokenize":
        return Response.json(await text.tokenize(JSON.parse(body)));
      case "detokenize":
        return Response.json(await text.detokenize(JSON.parse(body)));
      case "apply-template":
        return Response.json(await text.applyTemplate(JSON.parse(body)));
      default:
        throw new RequestError("The engine has no call of this name", { status: 404 });
    }
  }
}

async function openAsset(assets: Fetcher, name: string): Promise<ReadableStream<Uint8Array>> {
  const response = await assets.fetch(`https://assets.local/model/${name}`);
  if (response.ok && response.body !== null) return response.body;
  throw new UnavailableError(`${name} cannot be read from the Worker's assets (status ${response.status})`);
}
