// A request as it is kept beside its answer: without the messages that stand before the answer in its conversation.
// Owns: taking them out and putting them back. With them every answer would hold the whole conversation before it, and
// what is stored would grow with the square of its length. A kept request may come from anybody's file.
// Must not know: storage, a view.

import { fieldsOf } from "./api-error.ts";
import { type AnswerInfo, type ChatMessage, toldMessages } from "./conversation.ts";
import type { ChatBody } from "./settings.ts";

export type KeptRequest = Pick<AnswerInfo, "request" | "requestMessages">;

export interface RestoredRequest {
  readonly body: ChatBody;
  /** False when messages of it were deleted since, or brought back. */
  readonly isWhole: boolean;
}

/** The request without its conversation's messages: only a system prompt stays. */
export function keepRequest(body: ChatBody): KeptRequest {
  const messages = body.messages.filter((message) => fieldsOf(message).role === "system");
  return { request: JSON.stringify({ ...body, messages }), requestMessages: body.messages.length - messages.length };
}

/** What stays of a request's whole JSON, which earlier versions of the page kept. What is no request stays as it is. */
export function keepWholeRequest(json: string): KeptRequest {
  const body = parseBody(json);
  return body === null ? { request: json, requestMessages: 0 } : keepRequest(body);
}

/** The request with the messages that stand `before` its answer; null when it is none. */
export function restoreRequest(
  { request, requestMessages }: KeptRequest,
  before: readonly ChatMessage[],
): RestoredRequest | null {
  const body = parseBody(request);
  if (body === null) return null;
  const told = toldMessages(before);
  return { body: { ...body, messages: [...body.messages, ...told] }, isWhole: told.length === requestMessages };
}

function parseBody(json: string): ChatBody | null {
  try {
    const body: unknown = JSON.parse(json);
    return Array.isArray(fieldsOf(body).messages) ? (body as ChatBody) : null;
  } catch {
    return null;
  }
}
