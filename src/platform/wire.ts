// The answer on its way from the object that holds the engine to the Worker: one JSON value a line.
// Takes a ChatRequest and deltas on one side, gives the same on the other; an error keeps its status and its words.
// Must not know: the engine, HTTP's paths, OpenAI's chunks.

import type { ChatRequest, Delta } from "../completer.ts";
import { AppError, UnavailableError } from "../errors.ts";
import { tracesOf } from "../http/error.ts";

/** An AppError as data; null stands for an error that strangers must not read. */
type ErrorFields = Pick<
  AppError,
  "name" | "message" | "status" | "type" | "code" | "param" | "retryAfterSeconds"
> | null;

/** An error that was thrown in the object, thrown again in the Worker. */
class CarriedError extends AppError {
  override readonly name: string;
  readonly status: number;
  readonly type: string;
  override readonly code: string | null;
  override readonly param: string | null;
  override readonly retryAfterSeconds: number | null;

  constructor(fields: NonNullable<ErrorFields>) {
    super(fields.message);
    this.name = fields.name;
    this.status = fields.status;
    this.type = fields.type;
    this.code = fields.code;
    this.param = fields.param;
    this.retryAfterSeconds = fields.retryAfterSeconds;
  }
}

/** An error as JSON can carry it. What is the service's fault is logged here: its cause stays, and words that are not ours too. */
export function packError(error: unknown): ErrorFields {
  const isOurs = error instanceof AppError;
  if (!isOurs || (error.status >= 500 && error.cause !== undefined)) {
    console.error(JSON.stringify({ level: "error", where: "engine", errors: tracesOf(error) }));
  }
  if (!isOurs) return null;
  const { name, message, status, type, code, param, retryAfterSeconds } = error;
  return { name, message, status, type, code, param, retryAfterSeconds };
}

/** The error that packError was given. */
export function unpackError(fields: ErrorFields): Error {
  return fields === null ? new Error("The engine failed; its own log says why") : new CarriedError(fields);
}

export function packRequest(request: ChatRequest): string {
  return JSON.stringify({ ...request, logitBias: [...request.logitBias] });
}

export function unpackRequest(json: string): ChatRequest {
  const request = JSON.parse(json);
  return { ...request, logitBias: new Map(request.logitBias) };
}

/**
 * Deltas as lines; an error becomes the last line. A line is made when the reader asks for it, so a slow client holds
 * back its own answer and nobody else's. When the reader leaves, `leave` is called.
 */
export function packDeltas(deltas: AsyncIterable<Delta>, leave: () => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = deltas[Symbol.asyncIterator]();
  let hasLeft = false;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await iterator.next();
          if (hasLeft) return;
          if (done) controller.close();
          else controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`));
        } catch (error) {
          if (hasLeft) return;
          controller.enqueue(encoder.encode(`${JSON.stringify({ kind: "error", error: packError(error) })}\n`));
          controller.close();
        }
      },
      async cancel() {
        hasLeft = true;
        leave();
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

/**
 * The deltas that packDeltas was given.
 * @throws what the iteration there threw; UnavailableError when the lines end before the answer does
 */
export async function* unpackDeltas(lines: ReadableStream<Uint8Array>): AsyncGenerator<Delta> {
  const reader = lines.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let isFinished = false;
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) break;
      const complete = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = complete.pop() ?? "";
      for (const line of complete) {
        const delta: Delta | { kind: "error"; error: ErrorFields } = JSON.parse(line);
        if (delta.kind === "error") throw unpackError(delta.error);
        isFinished = delta.kind === "finish";
        yield delta;
      }
    }
  } finally {
    // Reached early when the consumer leaves: the object then hears of it through this cancel.
    await reader.cancel().catch(() => {});
  }
  if (!isFinished) throw new UnavailableError("The engine was restarted in the middle of the answer; ask again");
}
