// Turns whatever was thrown into OpenAI's error object, with the status and the headers that clients obey.
// Owns: the mapping and what may be logged of an error. Takes any thrown value and the request's id; gives the
// parts of a response. A stranger's eyes see AppErrors word for word and of anything else only the request id.
// Must not know: routes, streams.

import { AppError, ModelFileError } from "../errors.ts";

export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
}

export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ErrorBody;
}

/** A line of the log: never a prompt, a key or the message of an error that is not ours. */
export type Log = (entry: Readonly<Record<string, unknown>>) => void;

/** What HTTP says of `error`. openai-node retries every 5xx unless `x-should-retry` forbids it, so a bug does. */
export function describeError(error: unknown, requestId: string): ErrorAnswer {
  if (!(error instanceof AppError)) {
    const message = `Internal error; its cause is logged under the request id ${requestId}`;
    return {
      status: 500,
      headers: { "x-should-retry": "false" },
      body: { error: { message, type: "server_error", param: null, code: "internal_error" } },
    };
  }
  const { message, type, param, code, status, retryAfterSeconds } = error;
  const headers: Record<string, string> = {};
  if (retryAfterSeconds !== null) headers["retry-after"] = String(Math.max(0, Math.ceil(retryAfterSeconds)));
  if (status === 500) headers["x-should-retry"] = "false";
  if (status === 401) headers["www-authenticate"] = "Bearer";
  return { status, headers, body: { error: { message, type, param, code } } };
}

/** A whole JSON response for an error. */
export function errorResponse(answer: ErrorAnswer): Response {
  return Response.json(answer.body, { status: answer.status, headers: answer.headers });
}

/** Logs what is the service's fault (5xx); a client's mistakes are told to the client alone. */
export function logError(error: unknown, requestId: string, log: Log): void {
  if (error instanceof AppError && error.status < 500) return;
  log({ level: "error", requestId, errors: tracesOf(error) });
}

/** What may be logged of an error and of its causes, four at most: they may form a ring. */
export function tracesOf(error: unknown): readonly Readonly<Record<string, unknown>>[] {
  const chain: Record<string, unknown>[] = [];
  for (let cause: unknown = error; cause !== undefined && chain.length < 4; ) {
    chain.push(traces(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return chain;
}

/** Name and code positions. A foreign message may quote its input (JSON.parse does), so only known ones are kept. */
function traces(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error };
  const isOurs =
    error instanceof AppError || error instanceof ModelFileError || error instanceof WebAssembly.RuntimeError;
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  // A system's word such as ECONNREFUSED.
  const code = "code" in error && typeof error.code === "string" && /^[A-Z_]{1,40}$/.test(error.code);
  return {
    name: error.name,
    ...(isOurs ? { message: error.message } : {}),
    ...(code ? { code: error.code } : {}),
    at: frames.slice(0, 8).map((line) => line.trim()),
  };
}
