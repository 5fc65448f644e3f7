// Server-sent events: a stream of objects as bytes, with keep-alive comments, an error as a last event, and an end.
// Owns: frames, time and back-pressure: one event is asked for when one was read. Cancelling the stream calls
// `onCancel` and ends the iteration. Hono's streamSSE is not used: its write() swallows the client's leaving.
// Must not know: what the events say.

import { within } from "./keep-alive.ts";

export interface EventStreamOptions {
  /** Milliseconds of silence after which a comment is sent, as long as the next event takes. */
  readonly keepAliveMs: number;
  /** The client has left: stop the work. */
  onCancel(): void;
  /** What the client is told of an error after the first byte; undefined when nobody is there to be told. */
  onError(error: unknown): object | undefined;
}

const KEEP_ALIVE = ": keep-alive\n\n";
const DONE = "data: [DONE]\n\n";

/** `events` as a text/event-stream body that ends with [DONE], or with the error's event. */
export function eventStream(events: AsyncIterable<object>, options: EventStreamOptions): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = events[Symbol.asyncIterator]();
  // Outlives a pull: a keep-alive is sent while the same event is still awaited.
  let pending: Promise<IteratorResult<object>> | undefined;
  let isCancelled = false;

  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const send = (text: string): void => controller.enqueue(encoder.encode(text));
      try {
        pending ??= iterator.next();
        const next = await within(pending, options.keepAliveMs);
        if (isCancelled) return;
        if (next === undefined) return send(KEEP_ALIVE);
        pending = undefined;
        if (!next.done) return send(encodeEvent(next.value));
        send(DONE);
      } catch (error) {
        if (isCancelled) return;
        const event = options.onError(error);
        if (event !== undefined) send(encodeEvent(event));
      }
      controller.close();
    },
    cancel() {
      isCancelled = true;
      options.onCancel();
      // Not awaited: a generator returns only after its pending step, which onCancel cuts short.
      void iterator.return?.().catch(() => undefined);
    },
  });
}

/** The headers of an event stream; proxies must neither hold nor compress it. */
export const EVENT_STREAM_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
} as const;

function encodeEvent(event: object): string {
  return `data: ${JSON.stringify(event)}\n\n`;
}
