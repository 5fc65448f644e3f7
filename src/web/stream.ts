// A chat answer as it streams from POST /v1/chat/completions.
// Owns: the order of events, the end of a stream, and what breaks it. Takes a connection and a body; gives small plain
// events. A server that answers in one piece all the same is understood. Must not know: how an answer is shown or kept.

import { ask, type Connection, readJson } from "./api.ts";
import { ApiError, fieldsOf, readErrorEvent } from "./api-error.ts";
import { type Maker, readMaker } from "./maker.ts";
import type { ChatBody } from "./settings.ts";
import { sseData } from "./sse.ts";

export type StreamEvent =
  /** Once, when the headers have come. */
  | ({ readonly kind: "open" } & Maker)
  /** The data of one event of the response, before what is read from it. */
  | { readonly kind: "raw"; readonly data: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "finish"; readonly reason: string }
  | ({ readonly kind: "usage" } & Usage);

/** Characters of a server's word, which is stored and shown. */
const MOST_WORD = 256;

/** In tokens. */
export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens: number;
}

/**
 * The answer as it comes: open, then raw, text, finish and usage. Ends quietly when `signal` aborts.
 * Throws ApiError: before `open` anything but interrupted, after it interrupted or what the server said in the stream.
 */
export async function* streamChat(
  connection: Connection,
  body: ChatBody,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent, void, undefined> {
  try {
    const asking = { body, signal, accept: "text/event-stream" };
    const response = await ask(connection, "/v1/chat/completions", asking);
    yield { kind: "open", ...readMaker(response.headers) };
    yield* isEventStream(response) ? readStream(response) : readWhole(response);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function isEventStream(response: Response): response is Response & { body: ReadableStream<Uint8Array> } {
  return response.body !== null && /^text\/event-stream\b/i.test(response.headers.get("content-type") ?? "");
}

async function* readStream(response: Response & { body: ReadableStream<Uint8Array> }): AsyncGenerator<StreamEvent> {
  let isFinished = false;
  try {
    for await (const data of sseData(response.body)) {
      yield { kind: "raw", data };
      if (data === "[DONE]") return;
      for (const event of readChunk(parseChunk(data))) {
        isFinished ||= event.kind === "finish";
        yield event;
      }
    }
  } catch (error) {
    throw error instanceof ApiError ? error : broken(error);
  }
  if (!isFinished) throw broken();
}

/** A stream that errs, and one that ends before its answer does, have the same cause. */
function broken(cause?: unknown): ApiError {
  if (cause instanceof RangeError) return new ApiError("server", cause.message, { code: "endless_answer", cause });
  return new ApiError("interrupted", "The connection was lost before the answer's end", { cause });
}

async function* readWhole(response: Response): AsyncGenerator<StreamEvent> {
  const answer = await readJson(response);
  yield { kind: "raw", data: JSON.stringify(answer) };
  yield* readChunk(answer);
}

function parseChunk(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch (cause) {
    throw new ApiError("server", "An event of the stream is no JSON", { code: "odd_answer", cause });
  }
}

/** What one chunk says, or a whole answer, whose `message` stands where a chunk has its `delta`. Throws ApiError. */
function* readChunk(chunk: unknown): Generator<StreamEvent> {
  const { error, choices, usage } = fieldsOf(chunk);
  if (error !== undefined && error !== null) throw readErrorEvent(error);
  const choice = fieldsOf(Array.isArray(choices) ? choices[0] : undefined);
  const { content } = fieldsOf(choice.delta ?? choice.message);
  if (typeof content === "string" && content !== "") yield { kind: "text", text: content };
  if (typeof choice.finish_reason === "string")
    yield { kind: "finish", reason: choice.finish_reason.slice(0, MOST_WORD) };
  const told = readUsage(usage);
  if (told !== undefined) yield { kind: "usage", ...told };
}

function readUsage(usage: unknown): Usage | undefined {
  const { prompt_tokens, completion_tokens, prompt_tokens_details } = fieldsOf(usage);
  if (!isCount(prompt_tokens) || !isCount(completion_tokens)) return undefined;
  const { cached_tokens } = fieldsOf(prompt_tokens_details);
  return {
    promptTokens: prompt_tokens,
    completionTokens: completion_tokens,
    cachedTokens: isCount(cached_tokens) ? cached_tokens : 0,
  };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
