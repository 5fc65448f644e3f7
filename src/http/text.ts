// POST /tokenize, /detokenize and /apply-template, in llama-server's shapes.
// Owns: their bodies and answers. Takes completer.ts's TextTools. Must not know: tokens, templates.

import type { Context } from "hono";
import * as z from "zod";
import type { TextTools } from "../completer.ts";
import { readJson } from "./guard.ts";
import { check, optional } from "./issue.ts";
import { messagesSchema } from "./message.ts";
import { MAX_TOKEN_ID } from "./request.ts";

/** A body of the default size holds no more ids than this. */
const MAX_TOKENS = 2 ** 20;

const tokenizeSchema = z.object({
  content: z.string(),
  add_special: optional(z.boolean()),
  parse_special: optional(z.boolean()),
  with_pieces: optional(z.boolean()),
});
const detokenizeSchema = z.object({ tokens: z.array(z.int().min(0).max(MAX_TOKEN_ID)).max(MAX_TOKENS) });
const templateSchema = z.object({ messages: messagesSchema });

export interface TextService {
  readonly text: TextTools;
  readonly maxBodyBytes: number;
}

type Handler = (c: Context) => Promise<Response>;

/** POST /tokenize: `{content}` to `{tokens}`; control tokens are read as such unless `parse_special` is false. */
export function tokenize({ text, maxBodyBytes }: TextService): Handler {
  return async (c) => {
    const body = check(tokenizeSchema, (await readJson(c.req, { maxBytes: maxBodyBytes })).value);
    const tokens = await text.tokenize({
      content: body.content,
      addSpecial: body.add_special ?? false,
      parseSpecial: body.parse_special ?? true,
      withPieces: body.with_pieces ?? false,
    });
    return Response.json({ tokens });
  };
}

/** POST /detokenize: `{tokens}` to `{content}`. */
export function detokenize({ text, maxBodyBytes }: TextService): Handler {
  return async (c) => {
    const { tokens } = check(detokenizeSchema, (await readJson(c.req, { maxBytes: maxBodyBytes })).value);
    return Response.json({ content: await text.detokenize(tokens) });
  };
}

/** POST /apply-template: `{messages}` to `{prompt}`. */
export function applyTemplate({ text, maxBodyBytes }: TextService): Handler {
  return async (c) => {
    const { messages } = check(templateSchema, (await readJson(c.req, { maxBytes: maxBodyBytes })).value);
    return Response.json({ prompt: await text.applyTemplate(messages) });
  };
}
