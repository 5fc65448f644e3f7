// The engine as the Worker sees it: the three seams of completer.ts over calls to the Durable Object.
// Takes the object's stub; gives Completer, TextTools and the Status. Must not know: what answers there.

import type { ChatRequest, Completer, Status, TextTools } from "../completer.ts";
import { UnavailableError } from "../errors.ts";
import { packRequest, unpackDeltas, unpackError } from "./wire.ts";

/** The paths under which the object answers, all POST. */
export type EngineCall = "status" | "complete" | "tokenize" | "detokenize" | "apply-template";

/** The one function of a stub that is needed here. */
interface Stub {
  fetch(url: string, init: RequestInit): Promise<Response>;
}

export interface RemoteEngine {
  readonly completer: Completer<ChatRequest>;
  readonly text: TextTools;
  status(): Promise<Status>;
}

/** @throws what the object threw: an AppError keeps its status and message */
export function remoteEngine(stub: Stub): RemoteEngine {
  const call = async (name: EngineCall, body: string, signal?: AbortSignal): Promise<Response> => {
    const init = { method: "POST", body, signal: signal ?? null };
    const response = await stub.fetch(`https://engine/${name}`, init).catch((cause: unknown) => {
      if (signal?.aborted) throw cause;
      throw new UnavailableError("The engine was restarted; ask again", 1, { cause });
    });
    if (!response.ok) throw unpackError(await response.json());
    return response;
  };
  const ask = async <T>(name: EngineCall, value: unknown): Promise<T> =>
    (await call(name, JSON.stringify(value))).json() as Promise<T>;
  return {
    completer: {
      async complete(request, signal) {
        const response = await call("complete", packRequest(request), signal);
        if (response.body === null) throw unpackError(null);
        return { deltas: unpackDeltas(response.body) };
      },
    },
    text: {
      tokenize: (request) => ask("tokenize", request),
      detokenize: (tokens) => ask("detokenize", tokens),
      applyTemplate: (messages) => ask("apply-template", messages),
    },
    status: () => ask("status", null),
  };
}
