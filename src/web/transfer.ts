// Conversations as a JSON file, to take along and to bring in.
// Owns: the format {format: "qwen-edge-conversations", version: 1, conversations} and the validation of every field,
// for a file may come from anywhere. Unknown fields are dropped. Must not know: files, a view, storage.

import { fieldsOf } from "./api-error.ts";
import type { AnswerError, AnswerInfo, ChatMessage, Conversation } from "./conversation.ts";
import { keepWholeRequest } from "./kept-request.ts";
import {
  BOUNDS,
  type Bound,
  MOST_MODEL_CHARACTERS,
  MOST_STOP_CHARACTERS,
  MOST_STOPS,
  MOST_SYSTEM_CHARACTERS,
  type Settings,
} from "./settings.ts";

/** large: no file of ours has so much. foreign: no export of ours. version: of another page than this one. */
export type TransferErrorKind = "large" | "foreign" | "version" | "damaged";

/** A file that is not taken; the message says where and what was expected. */
export class TransferError extends Error {
  override readonly name = "TransferError";
  readonly kind: TransferErrorKind;
  /** Where it is damaged: `conversations[0].title`. */
  readonly path: string;

  constructor(kind: TransferErrorKind, message: string, { path = "", cause }: { path?: string; cause?: unknown } = {}) {
    super(message, { cause });
    this.kind = kind;
    this.path = path;
  }
}

const FORMAT = "qwen-edge-conversations";
const VERSION = 1;

const MOST_FILE_CHARACTERS = 2 ** 27;
const MOST_CONVERSATIONS = 10_000;
const MOST_MESSAGES = 10_000;
const MOST_TEXT_CHARACTERS = 2 ** 24;
const MOST_WORD_CHARACTERS = 1000;
const AMOUNT = { min: 0, max: Number.MAX_SAFE_INTEGER };
/** The last millisecond that a Date can hold. */
const LAST_TIME = 8.64e15;

const ERROR_KINDS = [
  "unauthorized",
  "busy",
  "loading",
  "offline",
  "invalid",
  "server",
  "interrupted",
  "empty",
] as const;

/** The file's text. */
export function exportConversations(conversations: readonly Conversation[]): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, conversations }, null, 1)}\n`;
}

/** The conversations of a file's text. Throws TransferError. */
export function importConversations(text: string): Conversation[] {
  if (text.length > MOST_FILE_CHARACTERS)
    throw new TransferError("large", `The file has more than ${MOST_FILE_CHARACTERS} characters`);
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch (cause) {
    throw new TransferError("foreign", "The file is no JSON; expected an export of this page", { cause });
  }
  const file = fieldsOf(value);
  if (file.format !== FORMAT)
    throw new TransferError("foreign", `The file is no export of this page; expected the format ${FORMAT}`);
  if (file.version !== VERSION)
    throw new TransferError("version", `The file has another version of the format; expected ${VERSION}`);
  const conversations = list(file.conversations, "conversations", MOST_CONVERSATIONS, readConversation);
  return conversations.map((conversation) => ({ ...conversation, revision: "" }));
}

/** One conversation of unknown origin, at `path` for the message. Throws TransferError. */
export function readConversation(value: unknown, path = "conversation"): Conversation {
  const fields = record(value, path);
  return {
    id: identity(fields.id, `${path}.id`),
    title: string(fields.title, `${path}.title`, MOST_WORD_CHARACTERS),
    created: number(fields.created, `${path}.created`, { min: 0, max: LAST_TIME }),
    updated: number(fields.updated, `${path}.updated`, { min: 0, max: LAST_TIME }),
    revision: string(fields.revision, `${path}.revision`, MOST_WORD_CHARACTERS),
    settings: readSettings(fields.settings, `${path}.settings`),
    messages: list(fields.messages, `${path}.messages`, MOST_MESSAGES, readMessage),
  };
}

function readSettings(value: unknown, path: string): Settings {
  const fields = record(value, path);
  const bounded = (name: keyof typeof BOUNDS) =>
    orNull(fields[name], (it) => number(it, `${path}.${name}`, BOUNDS[name]));
  return {
    model: string(fields.model, `${path}.model`, MOST_MODEL_CHARACTERS),
    system: string(fields.system, `${path}.system`, MOST_SYSTEM_CHARACTERS),
    temperature: bounded("temperature"),
    topP: bounded("topP"),
    topK: bounded("topK"),
    maxTokens: bounded("maxTokens"),
    seed: bounded("seed"),
    stop: list(fields.stop, `${path}.stop`, MOST_STOPS, (stop, at) => string(stop, at, MOST_STOP_CHARACTERS)),
  };
}

function readMessage(value: unknown, path: string): ChatMessage {
  const { id, role, text, answer } = record(value, path);
  return {
    id: identity(id, `${path}.id`),
    role: oneOf(role, `${path}.role`, ["user", "assistant"]),
    text: string(text, `${path}.text`, MOST_TEXT_CHARACTERS),
    ...(answer === undefined ? {} : { answer: readAnswer(answer, `${path}.answer`) }),
  };
}

function readAnswer(value: unknown, path: string): AnswerInfo {
  const fields = record(value, path);
  const amount = (name: keyof AnswerInfo) => orNull(fields[name], (it) => number(it, `${path}.${name}`, AMOUNT));
  const request = string(fields.request, `${path}.request`, MOST_TEXT_CHARACTERS);
  const word = (name: keyof AnswerInfo) =>
    orNull(fields[name], (it) => string(it, `${path}.${name}`, MOST_WORD_CHARACTERS));
  return {
    model: word("model"),
    route: orNull(fields.route, (it) => oneOf(it, `${path}.route`, ["edge", "origin"])),
    finishReason: word("finishReason"),
    promptTokens: amount("promptTokens"),
    completionTokens: amount("completionTokens"),
    cachedTokens: amount("cachedTokens"),
    firstTokenMs: amount("firstTokenMs"),
    tokensPerSecond: amount("tokensPerSecond"),
    // Earlier versions of the page kept the whole request.
    ...(fields.requestMessages === undefined
      ? keepWholeRequest(request)
      : { request, requestMessages: number(fields.requestMessages, `${path}.requestMessages`, AMOUNT) }),
    response: string(fields.response, `${path}.response`, MOST_TEXT_CHARACTERS),
    ...(fields.error === undefined ? {} : { error: readError(fields.error, `${path}.error`) }),
  };
}

function readError(value: unknown, path: string): AnswerError {
  const { kind, code = null, message, param, retryAfterSeconds } = record(value, path);
  return {
    kind: oneOf(kind, `${path}.kind`, ERROR_KINDS),
    // Earlier versions of the page kept none.
    code: orNull(code, (it) => string(it, `${path}.code`, MOST_WORD_CHARACTERS)),
    message: string(message, `${path}.message`, MOST_WORD_CHARACTERS),
    param: orNull(param, (it) => string(it, `${path}.param`, MOST_WORD_CHARACTERS)),
    retryAfterSeconds: orNull(retryAfterSeconds, (it) =>
      number(it, `${path}.retryAfterSeconds`, { min: 0, max: 86_400 }),
    ),
  };
}

function record(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(path, "an object");
  return value as Record<string, unknown>;
}

function list<Item>(value: unknown, path: string, most: number, read: (item: unknown, path: string) => Item): Item[] {
  if (!Array.isArray(value) || value.length > most) throw wrong(path, `a list of at most ${most}`);
  return value.map((item, index) => read(item, `${path}[${index}]`));
}

function string(value: unknown, path: string, most: number): string {
  if (typeof value !== "string" || value.length > most) throw wrong(path, `a text of at most ${most} characters`);
  return value;
}

/** Ids come into the page's own: plain words alone. */
function identity(value: unknown, path: string): string {
  if (typeof value !== "string" || !/^[\w-]{1,64}$/.test(value)) throw wrong(path, "an id of letters and digits");
  return value;
}

function number(value: unknown, path: string, { min, max, step }: Omit<Bound, "step"> & { step?: number }): number {
  const isNumber = typeof value === "number" && value >= min && value <= max;
  if (!isNumber || (step === 1 && !Number.isInteger(value))) {
    throw wrong(path, `a ${step === 1 ? "whole " : ""}number from ${min} to ${max}`);
  }
  return value;
}

function oneOf<Word extends string>(value: unknown, path: string, words: readonly Word[]): Word {
  const word = words.find((known) => known === value);
  if (word === undefined) throw wrong(path, words.join(" or "));
  return word;
}

function orNull<Value>(value: unknown, read: (value: unknown) => Value): Value | null {
  return value === null ? null : read(value);
}

function wrong(path: string, expected: string): TransferError {
  return new TransferError("damaged", `${path}: expected ${expected}`, { path });
}
