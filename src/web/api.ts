// The service's public API as the page uses it: models, health and tokens. (Chat is in stream.ts.)
// Owns: requests, and reading the answers of any OpenAI-compatible server with care. Takes a connection; gives plain
// values or an ApiError. Must not know: a view, storage, conversations' rules.

import { ApiError, fieldsOf, readErrorResponse } from "./api-error.ts";
import type { Route } from "./conversation.ts";

/** Where the API is and what opens it. */
export interface Connection {
  /** The address before /v1, absolute, without a slash at its end. */
  readonly base: string;
  /** "" when there is none. */
  readonly apiKey: string;
}

export interface ModelInfo {
  readonly id: string;
  readonly route: Route;
  /** Tokens; null when not told. */
  readonly contextLength: number | null;
  readonly quant: string | null;
}

export interface Health {
  readonly state: "ready" | "loading" | "failed";
  /** 0..1 of the weights; null when not told. */
  readonly progress: number | null;
  /** Why it failed. */
  readonly reason: string | null;
}

export interface Token {
  readonly id: number;
  /** Its text, or its bytes in hexadecimal when they are no whole characters. */
  readonly piece: string;
  readonly isBytes: boolean;
}

const MOST_MODELS = 1000;
/** Of an answer that is no stream: tokens of a long text. */
const MOST_BODY_BYTES = 2 ** 26;
const MOST_ERROR_BYTES = 2 ** 16;

/** The connection of a page at `href`, which is served beside the API. */
export function connectionOf(href: string, apiKey: string): Connection {
  const { origin, pathname } = new URL(".", href);
  return { base: `${origin}${pathname}`.replace(/\/+$/, ""), apiKey };
}

/** The models that the server names. Throws ApiError; rejects with the signal's reason when aborted. */
export async function listModels(connection: Connection, signal?: AbortSignal): Promise<ModelInfo[]> {
  const { data } = fieldsOf(await readJson(await ask(connection, "/v1/models", { signal })));
  if (!Array.isArray(data)) throw oddAnswer("The list of models is not one");
  return data.slice(0, MOST_MODELS).flatMap(readModel);
}

/** Throws ApiError when offline or not understood; a loading or failed model is an answer. */
export async function health(connection: Connection, signal?: AbortSignal): Promise<Health> {
  const response = await send(connection, "/health", { signal });
  const text = await readText(response, MOST_BODY_BYTES);
  if (response.ok) return { state: "ready", progress: 1, reason: null };
  if (response.status !== 503) throw readErrorResponse(response, text);
  const body = fieldsOf(parse(text));
  const reason = readErrorResponse(response, text).message;
  if (body.status === "failed") return { state: "failed", progress: null, reason };
  const progress = typeof body.progress === "number" ? Math.min(1, Math.max(0, body.progress)) : null;
  return { state: "loading", progress, reason: null };
}

/** The tokens of a text. Throws ApiError; rejects with the signal's reason when aborted. */
export async function tokenize(connection: Connection, text: string, signal?: AbortSignal): Promise<Token[]> {
  const body = { content: text, with_pieces: true };
  const { tokens } = fieldsOf(await readJson(await ask(connection, "/tokenize", { body, signal })));
  if (!Array.isArray(tokens)) throw oddAnswer("The tokens are not a list");
  return tokens.map(readToken);
}

interface Asking {
  /** What to POST as JSON; a GET without it. */
  readonly body?: object;
  readonly signal?: AbortSignal | undefined;
  readonly accept?: string;
}

/** A response that is well. Throws ApiError for any other. */
export async function ask(connection: Connection, path: string, asking: Asking): Promise<Response> {
  const response = await send(connection, path, asking);
  if (!response.ok) throw readErrorResponse(response, await readText(response, MOST_ERROR_BYTES).catch(() => ""));
  return response;
}

async function send({ base, apiKey }: Connection, path: string, { body, signal, accept }: Asking): Promise<Response> {
  // fetch would call it a TypeError, as it does a network that is down.
  if (!/^[\x21-\x7e]*$/.test(apiKey)) {
    throw new ApiError("unauthorized", "The API key has characters that no header carries", { code: "odd_key" });
  }
  const headers = new Headers({ accept: accept ?? "application/json" });
  if (apiKey !== "") headers.set("authorization", `Bearer ${apiKey}`);
  if (body !== undefined) headers.set("content-type", "application/json");
  const init: RequestInit = { method: "GET", headers, cache: "no-store", credentials: "same-origin" };
  if (signal !== undefined) init.signal = signal;
  if (body !== undefined) Object.assign(init, { method: "POST", body: JSON.stringify(body) });
  try {
    return await fetch(`${base}${path}`, init);
  } catch (cause) {
    signal?.throwIfAborted();
    throw new ApiError("offline", "The server cannot be reached", { cause });
  }
}

/** Throws ApiError: server when it is no JSON, interrupted when it broke off. */
export async function readJson(response: Response): Promise<unknown> {
  const value = parse(await readText(response, MOST_BODY_BYTES));
  if (value === undefined) throw oddAnswer("The answer is no JSON");
  return value;
}

function oddAnswer(message: string): ApiError {
  return new ApiError("server", message, { code: "odd_answer" });
}

async function readText(response: Response, mostBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  const reader = response.body?.getReader();
  if (reader === undefined) return text;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text + decoder.decode();
      bytes += value.length;
      if (bytes > mostBytes) {
        throw new ApiError("server", `The answer has more than ${mostBytes} bytes`, { code: "endless_answer" });
      }
      text += decoder.decode(value, { stream: true });
    }
  } catch (cause) {
    if (cause instanceof ApiError || (cause instanceof DOMException && cause.name === "AbortError")) throw cause;
    throw new ApiError("interrupted", "The connection was lost", { cause });
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

/** Undefined when it is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readModel(value: unknown): ModelInfo[] {
  const model = fieldsOf(value);
  const meta = fieldsOf(model.meta);
  const { id } = model;
  if (typeof id !== "string" || id === "" || id.length > 256) return [];
  const route = meta.route === "edge" || meta.route === "origin" ? meta.route : undefined;
  // vLLM's name for the context is read too.
  const lengths = [meta.context_length, model.max_model_len].filter((length) => Number.isSafeInteger(length));
  return [
    {
      id,
      route: route ?? (model.owned_by === "qwen-edge" ? "edge" : "origin"),
      contextLength: (lengths as number[]).find((length) => length > 0) ?? null,
      quant: typeof model.quant === "string" ? model.quant : null,
    },
  ];
}

function readToken(value: unknown): Token {
  const { id, piece } = fieldsOf(value);
  const isBytes = Array.isArray(piece) && piece.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256);
  if (!Number.isSafeInteger(id) || !(isBytes || typeof piece === "string")) {
    throw oddAnswer("A token is not {id, piece}");
  }
  const hex = (byte: number) => byte.toString(16).padStart(2, "0");
  return { id: id as number, piece: isBytes ? (piece as number[]).map(hex).join(" ") : (piece as string), isBytes };
}
