// An answer in OpenAI's words: deltas become chat.completion.chunk objects, chunks fold into a chat.completion.
// Owns: the order of the wire (role, content, finish, usage) and the field names. A whole answer is the same chunks
// folded, so the two ways of asking cannot disagree. Must not know: SSE, HTTP, tokens.

import type { Delta, TokenLogprob, TopLogprob, Usage } from "../completer.ts";

/** What every chunk of one answer repeats. */
export interface AnswerHead {
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint: string | null;
}

interface WireTop {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
}

interface WireLogprobs {
  readonly content: readonly (WireTop & { readonly top_logprobs: readonly WireTop[] })[];
  readonly refusal: null;
}

interface WireUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
}

export interface Chunk extends AnswerHead {
  readonly object: "chat.completion.chunk";
  readonly choices: readonly {
    readonly index: 0;
    readonly delta: { readonly role?: "assistant"; readonly content?: string };
    readonly logprobs: WireLogprobs | null;
    readonly finish_reason: "stop" | "length" | null;
  }[];
  /** Only when usage was asked for: null in every chunk but the last. */
  readonly usage?: WireUsage | null;
}

export interface ChatCompletion extends AnswerHead {
  readonly object: "chat.completion";
  readonly choices: readonly {
    readonly index: 0;
    readonly message: { readonly role: "assistant"; readonly content: string; readonly refusal: null };
    readonly logprobs: WireLogprobs | null;
    readonly finish_reason: "stop" | "length";
  }[];
  readonly usage: WireUsage;
}

export interface ChunkOptions {
  readonly includeUsage: boolean;
  readonly includeLogprobs: boolean;
}

/**
 * The chunks of one answer: role, content, one finish, and the usage when it is asked for.
 * Throws what `deltas` throws, and an Error when they end without a finish.
 */
export async function* toChunks(
  deltas: AsyncIterable<Delta>,
  head: AnswerHead,
  { includeUsage, includeLogprobs }: ChunkOptions,
): AsyncGenerator<Chunk, void, undefined> {
  const frame = { ...head, object: "chat.completion.chunk" } as const;
  const noUsage = includeUsage ? { usage: null } : {};
  const chunk = (choice: Partial<Chunk["choices"][number]>): Chunk => ({
    ...frame,
    choices: [{ index: 0, delta: {}, logprobs: null, finish_reason: null, ...choice }],
    ...noUsage,
  });
  yield chunk({ delta: { role: "assistant", content: "" } });
  for await (const delta of deltas) {
    if (delta.kind === "finish") {
      yield chunk({ finish_reason: delta.reason });
      if (includeUsage) yield { ...frame, choices: [], usage: toUsage(delta.usage) };
      return;
    }
    const logprobs = includeLogprobs && delta.logprobs.length > 0 ? toLogprobs(delta.logprobs) : null;
    // A token may be a part of a character: it has a log-probability before it has a text.
    if (delta.text !== "" || logprobs !== null) yield chunk({ delta: { content: delta.text }, logprobs });
  }
  throw new Error("The completer ended without a finish");
}

/** The whole answer of chunks that include the usage. Throws what the chunks throw. */
export async function fold(chunks: AsyncIterable<Chunk>, options: ChunkOptions): Promise<ChatCompletion> {
  const texts: string[] = [];
  const tokens: WireLogprobs["content"][number][] = [];
  let head: AnswerHead | undefined;
  let reason: "stop" | "length" | null = null;
  let usage: WireUsage | null = null;
  for await (const chunk of chunks) {
    const { id, created, model, system_fingerprint } = chunk;
    head ??= { id, created, model, system_fingerprint };
    usage = chunk.usage ?? usage;
    for (const choice of chunk.choices) {
      texts.push(choice.delta.content ?? "");
      for (const token of choice.logprobs?.content ?? []) tokens.push(token);
      reason = choice.finish_reason ?? reason;
    }
  }
  if (head === undefined || reason === null || usage === null) throw new Error("The chunks are not a whole answer");
  const message = { role: "assistant", content: texts.join(""), refusal: null } as const;
  const logprobs = options.includeLogprobs ? ({ content: tokens, refusal: null } as const) : null;
  const choices = [{ index: 0, message, logprobs, finish_reason: reason }] as const;
  return {
    id: head.id,
    object: "chat.completion",
    created: head.created,
    model: head.model,
    choices,
    usage,
    system_fingerprint: head.system_fingerprint,
  };
}

function toUsage({ promptTokens, completionTokens, cachedTokens }: Usage): WireUsage {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
  };
}

function toLogprobs(tokens: readonly TokenLogprob[]): WireLogprobs {
  const wire = ({ token, logprob, bytes }: TopLogprob): WireTop => ({ token, logprob: finite(logprob), bytes });
  return {
    content: tokens.map((token) => ({ ...wire(token), top_logprobs: token.top.map(wire) })),
    refusal: null,
  };
}

/** JSON has no -Infinity, which a masked token has; OpenAI writes -9999 there. */
function finite(logprob: number): number {
  return Math.max(logprob, -9999);
}
