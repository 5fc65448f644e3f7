// A Completer over HTTP: hands a request to a GPU origin and its answer back, both unread.
// Owns: the call, what of its headers passes, and the errors of an origin that cannot be reached or takes too long. Of
// the body only the model's name changes; of the answer nothing: status, safe headers and bytes as they come. The
// client's own key never leaves this service, the origin's key and address never reach the client. Must not know: the
// chat API's fields.

import type { Completer, ForwardRequest } from "../completer.ts";
import { OriginError, OriginTimeoutError, UnknownModelError } from "../errors.ts";
import { findOrigin, type Origin } from "./choose.ts";
import { forwardBody } from "./forward.ts";
import { renameModel } from "./rename.ts";
import { inTime } from "./time-limit.ts";

/** Headers that pass to the client. Everything else may set cookies, name hosts or describe another connection. */
const PASSED = /^(content-type|x-request-id|x-should-retry|retry-after|retry-after-ms|openai-.+|x-ratelimit-.+)$/;
/** Statuses whose responses have no body. */
const BODILESS = [204, 205];

export interface OriginOptions {
  /** The caller's fetch; the global one unless given. */
  readonly fetch?: typeof fetch;
}

/** The completer of all configured origins. `complete` throws UnknownModelError, OriginError and OriginTimeoutError. */
export function createOriginCompleter(
  origins: readonly Origin[],
  { fetch: send = (input, init) => fetch(input, init) }: OriginOptions = {},
): Completer<ForwardRequest> {
  return {
    async complete({ model, raw }, signal) {
      const origin = findOrigin(model, origins);
      if (origin === undefined) throw new UnknownModelError("No origin is configured for this model");
      const answer = await reach(origin, renameModel(raw, origin.model ?? model), { send, signal });
      const headers = new Headers([...answer.headers].filter(([name]) => PASSED.test(name)));
      const isBodiless = answer.body === null || BODILESS.includes(answer.status);
      const forwarding = { isEventStream: isEventStream(headers), idleTimeoutMs: origin.idleTimeoutMs, signal };
      const body = isBodiless ? null : forwardBody(answer.body, forwarding);
      return { response: new Response(body, { status: answer.status, headers }) };
    },
  };
}

/** One call. Throws OriginError, OriginTimeoutError, or the signal's reason when the client has left. */
async function reach(
  origin: Origin,
  body: string,
  { send, signal }: { send: typeof fetch; signal: AbortSignal },
): Promise<Response> {
  const headers: Record<string, string> = {
    "content-type": "application/json",
    // The bytes pass unread, so they had better not be packed for this one hop.
    "accept-encoding": "identity",
    ...(origin.key === undefined ? {} : { authorization: `Bearer ${origin.key}` }),
  };
  const late = new AbortController();
  let answer: Response;
  try {
    const answering = send(`${origin.baseUrl}/chat/completions`, {
      method: "POST",
      headers,
      body,
      signal: AbortSignal.any([signal, late.signal]),
      // A redirect is not followed: it would carry prompt and key to a host that nobody configured.
      redirect: "manual",
    });
    answer = await inTime(answering, origin.headersTimeoutMs, "begin to answer");
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    if (cause instanceof OriginTimeoutError) {
      late.abort(cause);
      throw cause;
    }
    throw new OriginError("The origin of this model cannot be reached; try again later", { cause });
  }
  const isRedirect = answer.type === "opaqueredirect" || (answer.status >= 300 && answer.status < 400);
  if (!isRedirect && answer.status >= 200) return answer;
  void answer.body?.cancel().catch(() => undefined);
  throw new OriginError(
    "The origin of this model answered with a redirect, which is not followed; its base URL is wrong",
  );
}

function isEventStream(headers: Headers): boolean {
  return /^text\/event-stream\b/i.test(headers.get("content-type") ?? "");
}
