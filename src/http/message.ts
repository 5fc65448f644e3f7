// The schema of one message of a conversation, as chat and /apply-template take it.
// Owns: roles, the text parts of a content and their joining, and the refusal of what the edge model cannot read yet.
// Gives completer.ts's Message. Must not know: the chat template.

import * as z from "zod";
import type { Message } from "../completer.ts";

/** Far more than a context of edge size can hold; bounds the work, not the use. */
const MAX_MESSAGES = 4096;
const MAX_PARTS = 4096;

/** Parts of OpenAI's API that are no text; named in the answer, where any other type is not repeated. */
const OTHER_PARTS = new Set(["image_url", "input_audio", "file", "refusal", "video_url", "audio_url"]);

/** Of the roles that are known, the two that are refused are not offered. */
const ROLES = 'Invalid option: expected one of "developer"|"system"|"user"|"assistant"';

const NOT_YET = "unsupported_value";

type Context = z.core.$RefinementCtx<unknown>;

const messageSchema = z
  .looseObject({
    role: z.enum(["developer", "system", "user", "assistant", "tool", "function"], { error: ROLES }),
    content: z.unknown().optional(),
  })
  .transform((message, context): Message => {
    const { role, content } = message;
    if (role === "tool" || role === "function") {
      return refuse(context, ["role"], `${role} messages are not supported by the edge model yet`, NOT_YET);
    }
    for (const call of ["tool_calls", "function_call"]) {
      if (asksFor(message[call]))
        return refuse(context, [call], `${call} is not supported by the edge model yet`, NOT_YET);
    }
    const isEmptyAnswer = role === "assistant" && (content === null || content === undefined);
    return {
      role: role === "developer" ? "system" : role,
      content: isEmptyAnswer ? "" : readContent(content, context),
    };
  });

/** A conversation: at least one message. */
export const messagesSchema = z.array(messageSchema).min(1, "expected at least one message").max(MAX_MESSAGES);

/** A string, or text parts joined by line feeds as vLLM and llama-server join them. */
function readContent(content: unknown, context: Context): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content) || content.length > MAX_PARTS) {
    return refuse(context, ["content"], `expected a string or an array of at most ${MAX_PARTS} text parts`);
  }
  const texts: string[] = [];
  for (const [index, part] of content.entries()) {
    const { type, text } = (typeof part === "object" && part !== null ? part : {}) as Record<string, unknown>;
    if (type !== "text") {
      const name = typeof type === "string" && OTHER_PARTS.has(type) ? `${type} parts` : "parts other than text";
      return refuse(context, ["content", index, "type"], `${name} are not supported by the edge model`, NOT_YET);
    }
    if (typeof text !== "string") return refuse(context, ["content", index, "text"], "expected a string");
    texts.push(text);
  }
  return texts.join("\n");
}

/** Null and an empty list ask for nothing. */
function asksFor(value: unknown): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}

/** Adds the complaint; its result stands for whatever the transform would have given. */
function refuse(context: Context, path: PropertyKey[], message: string, code = "invalid_value"): never {
  context.addIssue({ code: "custom", path, message, params: { code } });
  return z.NEVER;
}
