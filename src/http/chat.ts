// POST /v1/chat/completions: reads the request, asks whichever completer was chosen, sends the answer whole or streamed.
// Owns: the way between a body and a response. What the edge refuses is decided after the choice, so a request for an
// origin passes unread. A client that leaves aborts the completer. Must not know: how an answer is made.

import type { Context } from "hono";
import type { Completer, Delta, ForwardRequest } from "../completer.ts";
import { type AnswerHead, fold, toChunks } from "./chunk.ts";
import { describeError, type Log, logError } from "./error.ts";
import { checkSize, readJson } from "./guard.ts";
import type { HttpEnv } from "./headers.ts";
import { readChat, readModelName } from "./request.ts";
import { EVENT_STREAM_HEADERS, eventStream } from "./sse.ts";
import { wholeResponse } from "./whole.ts";

/** Where a model runs, and the name it was asked by. */
export interface Choice {
  readonly where: "edge" | "origin";
  readonly model: string;
}

export interface ChatService {
  /** Throws UnknownModelError. */
  readonly choose: (model: string | undefined) => Promise<Choice>;
  readonly completers: { readonly edge: Completer; readonly origin: Completer<ForwardRequest> };
  /** Changes when the same seed may give another answer: the weights, how they or the keys and values are stored. */
  readonly fingerprint: () => Promise<string | null>;
  readonly maxBodyBytes: number;
  /** The same for the edge model, which is known only when the body has been read. */
  readonly maxEdgeBodyBytes: number;
  readonly keepAliveMs: number;
  readonly log: Log;
}

/** The handler of POST /v1/chat/completions. Errors before the first byte are thrown, for onError. */
export function chat(service: ChatService): (c: Context<HttpEnv>) => Promise<Response> {
  return async (c) => {
    const { raw, bytes, value: body } = await readJson(c.req, { maxBytes: service.maxBodyBytes });
    const choice = await service.choose(readModelName(body));
    c.set("choice", choice);
    const { where, model } = choice;
    const work = new AbortController();
    abortWith(work, c.req.raw.signal);
    if (where === "origin") {
      const completion = await service.completers.origin.complete({ model, raw }, work.signal);
      if ("response" in completion) return completion.response;
      throw new TypeError("The origin's completer gave deltas; expected a response to forward");
    }
    checkSize(bytes, service.maxEdgeBodyBytes);
    const { request, stream, includeUsage } = readChat(body, model);
    const { scope } = c.var;
    const completion = await service.completers.edge.complete({ ...request, ...(scope && { scope }) }, work.signal);
    if ("response" in completion) return completion.response;
    const options = { includeUsage: includeUsage || !stream, includeLogprobs: request.topLogprobs !== null };
    const chunks = answer(completion.deltas, { model, options, fingerprint: service.fingerprint });
    const sending = {
      keepAliveMs: service.keepAliveMs,
      onCancel: () => work.abort(),
      onError: (error: unknown) => {
        if (work.signal.aborted) return undefined;
        work.abort();
        logError(error, c.var.requestId, service.log);
        return describeError(error, c.var.requestId).body;
      },
    };
    if (!stream) return wholeResponse(fold(chunks, options), sending);
    const events = eventStream(chunks, sending);
    return new Response(events, { headers: EVENT_STREAM_HEADERS });
  };
}

/** The chunks of one answer. The fingerprint is awaited here, so that the headers do not wait for it. */
async function* answer(
  deltas: AsyncIterable<Delta>,
  {
    model,
    options,
    fingerprint,
  }: {
    model: string;
    options: Parameters<typeof toChunks>[2];
    fingerprint: ChatService["fingerprint"];
  },
) {
  const head: AnswerHead = {
    id: `chatcmpl-${crypto.randomUUID().replaceAll("-", "")}`,
    created: Math.floor(Date.now() / 1000),
    model,
    system_fingerprint: await fingerprint(),
  };
  yield* toChunks(deltas, head, options);
}

/** The second sign of a client's leaving, beside the cancelling of the body: some runtimes give only one of them. */
function abortWith(work: AbortController, signal: AbortSignal): void {
  if (signal.aborted) work.abort(signal.reason);
  else signal.addEventListener("abort", () => work.abort(signal.reason), { once: true });
}
