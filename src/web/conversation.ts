// A conversation as the page keeps it: plain data, and pure functions that make the next one of it.
// Owns: the shapes that are shown, stored and exported, and the rules of editing: what follows an edited question is
// cut. Takes and gives values that are never changed in place. Must not know: the network, storage, a view.

import type { ApiErrorKind } from "./api-error.ts";
import type { Settings } from "./settings.ts";

export type Route = "edge" | "origin";

/** What went wrong with an answer, as it is shown beside what came of it. */
export interface AnswerError {
  readonly kind: ApiErrorKind | "empty";
  /** The server's word for it, or one of PAGE_CODES. */
  readonly code: string | null;
  /** The server's text; "" where the code is the page's own. */
  readonly message: string;
  readonly param: string | null;
  readonly retryAfterSeconds: number | null;
}

/** What is told beside an answer. Null is what the server did not tell, or has not told yet. */
export interface AnswerInfo {
  readonly model: string | null;
  readonly route: Route | null;
  /** The server's word (`stop`, `length`); `stopped` when the person stopped it; null when it broke off. */
  readonly finishReason: string | null;
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  readonly cachedTokens: number | null;
  /** Milliseconds from the request to the first text. */
  readonly firstTokenMs: number | null;
  /** Of the tokens after the first. */
  readonly tokensPerSecond: number | null;
  /** The request's body as JSON, without the messages of the conversation; kept-request.ts puts them back. */
  readonly request: string;
  /** How many those were. */
  readonly requestMessages: number;
  /** The data of the response's events, one a line; long ones lose their middle. */
  readonly response: string;
  readonly error?: AnswerError;
}

export interface ChatMessage {
  readonly id: string;
  readonly role: "user" | "assistant";
  readonly text: string;
  /** Of an assistant's message. */
  readonly answer?: AnswerInfo;
}

export interface Conversation {
  readonly id: string;
  /** "" until a first question gives it one. */
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly updated: number;
  /** The stored version that this one was made from; "" when none. Set by history.ts alone. */
  readonly revision: string;
  readonly settings: Settings;
  readonly messages: readonly ChatMessage[];
}

/** A message of the API. */
export interface ApiMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** How much of the context is used; `used` is what the last answer's usage told, or an estimate from the text. */
export interface ContextUse {
  readonly used: number;
  /** Tokens; null when the model's context is not known. */
  readonly limit: number | null;
  /** 0..1, 0 without a limit. */
  readonly share: number;
  readonly isEstimate: boolean;
}

/** What a title and a question's first words may have at most. */
const TITLE_CHARACTERS = 60;
/** A guess, where the server told no usage: a token is about four characters of Latin script, and one of Chinese. */
const CHARACTERS_PER_TOKEN = 4;
/** The marks of ChatML around a message. */
const TOKENS_PER_MESSAGE = 5;

/** 128 random bits in hexadecimal. Not crypto.randomUUID(), which plain http in a home network does not have. */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** An empty conversation. */
export function newConversation(settings: Settings, now = Date.now()): Conversation {
  return { id: newId(), title: "", created: now, updated: now, revision: "", settings, messages: [] };
}

/** A message with an id of its own. */
export function newMessage(role: ChatMessage["role"], text: string, answer?: AnswerInfo): ChatMessage {
  return { id: newId(), role, text, ...(answer === undefined ? {} : { answer }) };
}

/** With one more message at its end; the first question names the conversation. */
export function append(conversation: Conversation, message: ChatMessage, now = Date.now()): Conversation {
  const isUntitled = conversation.title === "" && message.role === "user";
  const title = isUntitled ? titleOf(message.text) : conversation.title;
  return { ...conversation, title, updated: now, messages: [...conversation.messages, message] };
}

/** With `message` in the place of the message `id`: an answer that has grown. */
export function replace(conversation: Conversation, id: string, message: ChatMessage, now = Date.now()): Conversation {
  return withMessages(
    conversation,
    conversation.messages.map((old) => (old.id === id ? message : old)),
    now,
  );
}

/** The question `id` with a new text; everything after it is cut. An unknown id changes nothing. */
export function edit(conversation: Conversation, id: string, text: string, now = Date.now()): Conversation {
  const at = indexOf(conversation, id);
  if (at === -1) return conversation;
  const question = { ...conversation.messages[at]!, text };
  const edited = withMessages(conversation, [...conversation.messages.slice(0, at), question], now);
  const wasNamedByIt = at === 0 && conversation.title === titleOf(conversation.messages[0]!.text);
  return wasNamedByIt ? { ...edited, title: titleOf(text) } : edited;
}

/** Without the message `id`. */
export function remove(conversation: Conversation, id: string, now = Date.now()): Conversation {
  if (indexOf(conversation, id) === -1) return conversation;
  return withMessages(
    conversation,
    conversation.messages.filter((message) => message.id !== id),
    now,
  );
}

/**
 * Cut so that the answer `id` can be asked for anew: it and what follows are gone, the question stays last. The id of a
 * question cuts what follows it.
 */
export function cutForRegenerate(conversation: Conversation, id: string, now = Date.now()): Conversation {
  const at = indexOf(conversation, id);
  if (at === -1) return conversation;
  const kept = conversation.messages[at]!.role === "user" ? at + 1 : at;
  return withMessages(conversation, conversation.messages.slice(0, kept), now);
}

export function withSettings(conversation: Conversation, settings: Settings, now = Date.now()): Conversation {
  return { ...conversation, settings, updated: now };
}

/** An empty title becomes that of the first question. */
export function withTitle(conversation: Conversation, title: string, now = Date.now()): Conversation {
  const first = conversation.messages.find((message) => message.role === "user");
  return { ...conversation, title: titleOf(title) || titleOf(first?.text ?? ""), updated: now };
}

/** A short title made of a question's first line. */
export function titleOf(text: string): string {
  const line = /\S.*/.exec(text)?.[0].replace(/\s+/g, " ").trim() ?? "";
  // By code points: half an emoji is no character.
  const characters = [...line.slice(0, 4 * TITLE_CHARACTERS)];
  if (characters.length <= TITLE_CHARACTERS) return characters.join("");
  return `${characters
    .slice(0, TITLE_CHARACTERS - 1)
    .join("")
    .trimEnd()}…`;
}

/** What the API gets: the system prompt first when there is one. */
export function toMessages({ settings, messages }: Conversation): ApiMessage[] {
  const system: ApiMessage[] = settings.system.trim() === "" ? [] : [{ role: "system", content: settings.system }];
  return [...system, ...toldMessages(messages)];
}

/** The messages of the API that these are; answers without text are left out. */
export function toldMessages(messages: readonly ChatMessage[]): ApiMessage[] {
  const told = messages.filter((message) => message.role === "user" || message.text !== "");
  return told.map(({ role, text }): ApiMessage => ({ role, content: text }));
}

/** Of the conversation as it stands, against the model's context (tokens, null when unknown). */
export function contextUse(conversation: Conversation, limit: number | null): ContextUse {
  const { messages } = conversation;
  const last = messages.findLastIndex(({ answer }) => typeof answer?.promptTokens === "number");
  const { promptTokens, completionTokens } = messages[last]?.answer ?? { promptTokens: null, completionTokens: null };
  const isTold = promptTokens !== null && completionTokens !== null;
  const told = isTold ? promptTokens + completionTokens : 0;
  const rest = isTold
    ? messages.slice(last + 1).map(({ text }) => text)
    : toMessages(conversation).map((m) => m.content);
  const used = told + rest.reduce((sum, text) => sum + estimateTokens(text) + TOKENS_PER_MESSAGE, 0);
  const share = limit === null || limit <= 0 ? 0 : Math.min(1, used / limit);
  return { used, limit, share, isEstimate: rest.length > 0 };
}

/** A rough count, for a gauge and a composer. */
function estimateTokens(text: string): number {
  const wide = text.match(/[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/g)?.length ?? 0;
  return Math.ceil(wide + (text.length - wide) / CHARACTERS_PER_TOKEN);
}

/** Does the conversation hold all words of `query` (title or text, any case)? The empty query is in all. */
export function matches({ title, messages }: Conversation, query: string): boolean {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const texts = [title, ...messages.map(({ text }) => text)].map((text) => text.toLowerCase());
  return words.every((word) => texts.some((text) => text.includes(word)));
}

function indexOf({ messages }: Conversation, id: string): number {
  return messages.findIndex((message) => message.id === id);
}

function withMessages(conversation: Conversation, messages: readonly ChatMessage[], now: number): Conversation {
  return { ...conversation, messages, updated: now };
}
