// Passes an origin's bytes on, one piece for each that is asked for.
// Owns: the end of it. An event stream that breaks off or falls silent gets an error as its last event, because its
// status was sent long ago; any other body breaks off for the client too. A client that leaves cancels the origin's
// body.

import { type AppError, OriginError, OriginTimeoutError } from "../errors.ts";
import { inTime } from "./time-limit.ts";

export interface Forwarding {
  readonly isEventStream: boolean;
  /** The origin's silence after which it is given up, in milliseconds. A client that reads slowly is no silence. */
  readonly idleTimeoutMs: number;
  /** Aborted when the client has left. */
  readonly signal: AbortSignal;
}

/** `body`, unchanged, with back-pressure. */
export function forwardBody(
  body: ReadableStream<Uint8Array>,
  { isEventStream, idleTimeoutMs, signal }: Forwarding,
): ReadableStream<Uint8Array> {
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await inTime(reader.read(), idleTimeoutMs, "go on with its answer");
        if (!done) return controller.enqueue(value);
      } catch (error) {
        const isLate = error instanceof OriginTimeoutError;
        if (isLate) void reader.cancel(error).catch(() => undefined);
        if (!isEventStream || signal.aborted) return controller.error(error);
        controller.enqueue(errorEvent(isLate ? error : new OriginError(BROKEN)));
      }
      controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

const BROKEN = "The origin of this model broke off in the middle of the answer";

/** What an OpenAI client reads as an error in mid-stream. The empty line ends an event that broke in its middle. */
function errorEvent({ message, type, param, code }: AppError): Uint8Array {
  return new TextEncoder().encode(`\n\ndata: ${JSON.stringify({ error: { message, type, param, code } })}\n\n`);
}
