// A whole answer, which may take minutes: the response waits for it, but not in silence.
// Owns: what is sent before the answer is there. JSON may begin with line feeds, so they keep proxies patient, and show
// the runtimes that tell of a leaving client by a failed write alone that there is one. An answer that comes soon is sent
// plainly, errors with their status. Must not know: what the answer says.

import { within } from "./keep-alive.ts";

export interface WholeOptions {
  /** Milliseconds of silence after which a line feed is sent. */
  readonly keepAliveMs: number;
  /** The client has left: stop the work. */
  onCancel(): void;
  /** The answer failed after the first byte: the status is gone, so the connection breaks off. */
  onError(error: unknown): void;
}

/** The response to a request for `answer`. Rejects with the answer's error while nothing has been sent. */
export async function wholeResponse(answer: Promise<object>, options: WholeOptions): Promise<Response> {
  const soon = await within(answer, options.keepAliveMs);
  if (soon !== undefined) return Response.json(soon);
  return new Response(slowBody(answer, options), { headers: { "content-type": "application/json" } });
}

function slowBody(
  answer: Promise<object>,
  { keepAliveMs, onCancel, onError }: WholeOptions,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let isCancelled = false;
  // What has passed is silence already: the first line feed goes out at once.
  let patience = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const value = await within(answer, patience);
        if (isCancelled) return;
        patience = keepAliveMs;
        controller.enqueue(encoder.encode(value === undefined ? "\n" : JSON.stringify(value)));
        if (value !== undefined) controller.close();
      } catch (error) {
        if (isCancelled) return;
        onError(error);
        controller.error(new Error("The answer broke off"));
      }
    },
    cancel() {
      isCancelled = true;
      answer.catch(() => undefined); // nobody is there to be told
      onCancel();
    },
  });
}
