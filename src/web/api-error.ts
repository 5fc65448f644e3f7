// The failures of the API, told apart by what a person can do about them.
// Owns: the error's class, and reading it from a response or from an event of a stream. Whatever a server or a proxy
// sends is taken with care: a message is one short text. Must not know: paths, a view.

import { type Maker, readMaker, UNKNOWN_MAKER } from "./maker.ts";

/**
 * unauthorized: give a key. busy, loading: wait. offline: nothing came back. invalid: change the request. server: its
 * fault. interrupted: the connection was lost in the middle of an answer.
 */
export type ApiErrorKind = "unauthorized" | "busy" | "loading" | "offline" | "invalid" | "server" | "interrupted";

/**
 * Codes of what the page itself finds, which the interface has words for; the message is for a log. odd_answer: not that
 * of an OpenAI API. endless_answer: longer than any should be. odd_key: no header can carry it.
 */
export const PAGE_CODES = ["odd_answer", "endless_answer", "odd_key"] as const;

export interface ApiErrorParts {
  /** 0 when there was no response. */
  readonly status?: number;
  readonly param?: string | null;
  readonly code?: string | null;
  readonly retryAfterSeconds?: number | null;
  readonly maker?: Maker;
  readonly cause?: unknown;
}

/** Every failure of the API. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly kind: ApiErrorKind;
  readonly status: number;
  /** The request's parameter at fault. */
  readonly param: string | null;
  readonly code: string | null;
  readonly retryAfterSeconds: number | null;
  /** Who refused. */
  readonly maker: Maker;

  constructor(kind: ApiErrorKind, message: string, parts: ApiErrorParts = {}) {
    super(message, { cause: parts.cause });
    this.kind = kind;
    this.status = parts.status ?? 0;
    this.param = parts.param ?? null;
    this.code = parts.code ?? null;
    this.retryAfterSeconds = parts.retryAfterSeconds ?? null;
    this.maker = parts.maker ?? UNKNOWN_MAKER;
  }
}

const MOST_MESSAGE_CHARACTERS = 500;
const MOST_RETRY_SECONDS = 3600;

/** The error that a response tells, `text` being its body. */
export function readErrorResponse({ status, headers }: Response, text: string, now = Date.now()): ApiError {
  const { message, param, code } = readErrorObject(text);
  const retryAfterSeconds = readRetryAfter(headers, now);
  const parts = { status, param, code, retryAfterSeconds, maker: readMaker(headers) };
  return new ApiError(kindOf(status, retryAfterSeconds), message ?? `HTTP ${status}`, parts);
}

/** The error of an event `{"error": …}` in the middle of a stream. */
export function readErrorEvent(error: unknown): ApiError {
  const { message, param, code, type } = readErrorFields(error);
  const kind = type === "invalid_request_error" ? "invalid" : type === "rate_limit_error" ? "busy" : "server";
  return new ApiError(kind, message ?? "", { param, code });
}

/** A 503 that says when to come back is a model that loads; one that does not is a failure. */
function kindOf(status: number, retryAfterSeconds: number | null): ApiErrorKind {
  if (status === 401 || status === 403) return "unauthorized";
  if (status === 429) return "busy";
  if (status === 503 && retryAfterSeconds !== null) return "loading";
  return status >= 500 ? "server" : "invalid";
}

/** Seconds to wait: a number, a date, or OpenAI's milliseconds. */
function readRetryAfter(headers: Headers, now: number): number | null {
  const ms = Number(headers.get("retry-after-ms") ?? "NaN");
  const text = headers.get("retry-after") ?? "";
  const seconds = Number.isFinite(ms) ? ms / 1000 : /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - now) / 1000;
  return Number.isFinite(seconds) ? Math.min(MOST_RETRY_SECONDS, Math.max(0, Math.ceil(seconds))) : null;
}

interface ErrorFields {
  readonly message: string | null;
  readonly param: string | null;
  readonly code: string | null;
  readonly type: string | null;
}

/** OpenAI's `{"error": {…}}`, FastAPI's `{"detail": …}`; anything else has no message: it is a proxy's page. */
function readErrorObject(text: string): ErrorFields {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return readErrorFields(undefined);
  }
  const { error, detail } = fieldsOf(body);
  return readErrorFields(error ?? detail ?? body);
}

function readErrorFields(error: unknown): ErrorFields {
  if (typeof error === "string") return { message: shorten(error), param: null, code: null, type: null };
  const { message, param, code, type } = fieldsOf(error);
  return { message: shorten(message), param: shorten(param), code: shorten(code), type: shorten(type) };
}

/** The fields of whatever JSON holds; none of a value that is no object. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function shorten(value: unknown): string | null {
  if (typeof value !== "string" || value === "") return null;
  return value.length > MOST_MESSAGE_CHARACTERS ? `${value.slice(0, MOST_MESSAGE_CHARACTERS)}…` : value;
}
