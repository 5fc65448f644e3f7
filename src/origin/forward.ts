// Passes an origin's bytes on, one piece for each that is asked for.
// Owns: the end of it. An event stream that breaks off gets an error as its last event, because its status was sent
// long ago; any other body breaks off for the client too. A client that leaves cancels the origin's body.

/** What an OpenAI client reads as an error in mid-stream. The empty line ends an event that broke in its middle. */
const BROKEN = `\n\ndata: ${JSON.stringify({
  error: {
    message: "The origin of this model broke off in the middle of the answer",
    type: "api_error",
    param: null,
    code: "origin_unavailable",
  },
})}\n\n`;

/** `body`, unchanged, with back-pressure. */
export function forwardBody(
  body: ReadableStream<Uint8Array>,
  { isEventStream, signal }: { isEventStream: boolean; signal: AbortSignal },
): ReadableStream<Uint8Array> {
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
      } catch (error) {
        if (!isEventStream || signal.aborted) return controller.error(error);
        controller.enqueue(new TextEncoder().encode(BROKEN));
      }
      controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
