// Text to token ids, exactly as transformers' Qwen2 tokenizer: added tokens, NFC, split, byte-pair merges.
// Owns the rule that text from users never becomes a control token: added tokens are looked for in trusted text only.
// Takes a Vocab and text; gives ids. Must not know: roles, templates, HTTP.

import { PairMerger } from "./bpe.ts";
import { normalizeNfc } from "./normalize.ts";
import { pieceEnd, type Work } from "./pretokenize.ts";
import type { Vocab } from "./vocab.ts";

/** A piece of a prompt. Added tokens in it are control tokens only if it is trusted (ours, not a user's). */
export interface TextPart {
  readonly text: string;
  readonly trusted: boolean;
}

/**
 * The ids of a text. `special`: added tokens in the text become their ids; without it everything is text.
 * Lone surrogates become U+FFFD. At most n log n steps, counted in `work`.
 */
export function encode(vocab: Vocab, text: string, options: { special: boolean; work?: Work }): number[] {
  return encodeParts(vocab, [{ text, trusted: options.special }], options.work);
}

/**
 * The ids of the parts' text, joined. An added token counts only where it lies wholly inside trusted text. What stands
 * between two of them is normalised and split as one piece, across the parts' borders: where users typed no added token,
 * the ids are those of the whole string.
 */
export function encodeParts(vocab: Vocab, parts: readonly TextPart[], work: Work = { steps: 0 }): number[] {
  const text = parts.map((part) => part.text).join("");
  const merger = new PairMerger(vocab, work);
  const ids: number[] = [];
  const encodePlain = (plain: string) => {
    if (plain === "") return;
    const utf8 = new TextEncoder().encode(normalizeNfc(plain, work));
    for (let start = 0; start < utf8.length; ) {
      const end = pieceEnd(utf8, start, work);
      merger.encode(utf8, start, end, ids);
      start = end;
    }
  };
  let from = 0;
  for (const { start, content } of addedTokens(vocab, text, trustedSpans(parts))) {
    encodePlain(text.slice(from, start));
    ids.push(vocab.addedId(content)!);
    from = start + content.length;
  }
  encodePlain(text.slice(from));
  return ids;
}

/** [start, end) of the trusted text within the joined parts; neighbours are one span. */
function trustedSpans(parts: readonly TextPart[]): [number, number][] {
  const spans: [number, number][] = [];
  let at = 0;
  for (const part of parts) {
    const end = at + part.text.length;
    const last = spans.at(-1);
    if (part.trusted && last?.[1] === at) last[1] = end;
    else if (part.trusted) spans.push([at, end]);
    at = end;
  }
  return spans;
}

/** The added tokens inside the spans, leftmost and longest first. */
function* addedTokens(vocab: Vocab, text: string, spans: readonly [number, number][]) {
  if (vocab.addedPattern === null) return;
  for (const [start, end] of spans) {
    for (const match of text.slice(start, end).matchAll(vocab.addedPattern)) {
      yield { start: start + match.index, content: match[0] };
    }
  }
}
