// Every error that a caller may catch, each with what HTTP needs to report it.
// Owns: names, status codes and OpenAI's error type of each. Takes nothing, imports nothing.
// Messages: sentence case, no full stop, what was found and what was expected; never user text or secrets.

/** The base of all errors that are answers: app.ts turns one into OpenAI's error object. */
export abstract class AppError extends Error {
  abstract readonly status: number;
  /** OpenAI's `error.type`. */
  abstract readonly type: string;
  /** OpenAI's `error.code`, a word for programs, or null. */
  readonly code: string | null = null;
  /** The request parameter at fault, or null. */
  readonly param: string | null = null;
  /** What `Retry-After` says, in seconds. */
  readonly retryAfterSeconds: number | null = null;
}

/** 400: the request is wrong; `param` names where (a path such as `messages[2].role`). */
export class RequestError extends AppError {
  override readonly name = "RequestError";
  readonly status: 400 | 404 | 405 | 413 | 415;
  readonly type = "invalid_request_error";
  override readonly param: string | null;
  override readonly code: string | null;

  constructor(
    message: string,
    options: { param?: string; code?: string; status?: 400 | 404 | 405 | 413 | 415; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.param = options.param ?? null;
    this.code = options.code ?? null;
    this.status = options.status ?? 400;
  }
}

/** 400 `context_length_exceeded`: prompt and answer do not fit the context. Both in tokens. */
export class ContextLengthError extends AppError {
  override readonly name = "ContextLengthError";
  readonly status = 400;
  readonly type = "invalid_request_error";
  override readonly code = "context_length_exceeded";
  override readonly param: string;

  constructor(limit: number, actual: number, param = "messages") {
    super(`The context holds ${limit} tokens, but the prompt has ${actual}; shorten the messages`);
    this.param = param;
  }
}

/** 401: the API key is missing or wrong. */
export class AuthError extends AppError {
  override readonly name = "AuthError";
  readonly status = 401;
  readonly type = "authentication_error";
  override readonly code = "invalid_api_key";
}

/** 404: no such model is configured. */
export class UnknownModelError extends AppError {
  override readonly name = "UnknownModelError";
  readonly status = 404;
  readonly type = "not_found_error";
  override readonly code = "model_not_found";
  override readonly param = "model";
}

/** 429: the queue is full. */
export class BusyError extends AppError {
  override readonly name = "BusyError";
  readonly status = 429;
  readonly type = "rate_limit_error";
  override readonly code = "queue_full";
  override readonly retryAfterSeconds: number;

  constructor(message: string, retryAfterSeconds: number) {
    super(message);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** 500 `invalid_configuration`: a setting is wrong. The message names it and never its value. */
export class ConfigError extends AppError {
  override readonly name = "ConfigError";
  readonly status = 500;
  readonly type = "server_error";
  override readonly code = "invalid_configuration";
}

/** 502: the GPU origin could not be reached or answered nonsense. */
export class OriginError extends AppError {
  override readonly name = "OriginError";
  readonly status = 502;
  readonly type = "api_error";
  override readonly code = "origin_unavailable";
}

/** 503: the model is loading, or a stage of the chain is lost. */
export class UnavailableError extends AppError {
  override readonly name = "UnavailableError";
  readonly status = 503;
  readonly type = "unavailable_error";
  override readonly retryAfterSeconds: number;

  constructor(message: string, retryAfterSeconds = 1, options: { cause?: unknown } = {}) {
    super(message, options);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** 504: the GPU origin took a request and let its time limit pass. */
export class OriginTimeoutError extends AppError {
  override readonly name = "OriginTimeoutError";
  readonly status = 504;
  readonly type = "api_error";
  override readonly code = "origin_timeout";
}

/** A file may hold anything where a word was expected: a message that shows it must stay one readable line. */
const MOST_CHARACTERS = 400;

/** Bytes that cannot be read as what they claim to be: a model file, a manifest, a chunk. */
export class ModelFileError extends SyntaxError {
  override readonly name = "ModelFileError";
  readonly file: string;

  constructor(file: string, message: string, options: { cause?: unknown } = {}) {
    const line = message.replace(/\s+/g, " ");
    super(`${file}: ${line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS)}…` : line}`, options);
    this.file = file;
  }
}
