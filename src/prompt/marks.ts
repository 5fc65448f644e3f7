// Which characters of a rendered prompt came from messages.
// The template is rendered a second time with every character of every message hidden behind a mark, lengths and
// spaces kept. That rendering holds nothing that a user wrote, so what is no mark in it is the template's own text,
// whatever the messages say; laid over the real rendering, it tells the two apart.
// Must not know: tokens, roles, templates' meaning.

import type { Template } from "@huggingface/jinja";
import type { PromptPart } from "./chatml.ts";

/** Stands for a character that is no space. A template that writes it itself only loses trust in that character. */
const MARK = "\uE000";
/** Stands for a space: trim() takes it, and no template writes it (U+205F, medium mathematical space). */
const SPACE_MARK = "\u205F";

/** `text` with marks for characters, one for each UTF-16 unit, but for the words in `keep` (longest first). */
export function hide(text: string, keep: readonly string[]): string {
  const [word, ...rest] = keep;
  if (word === undefined) return text.replace(/\s/g, SPACE_MARK).replace(/[^\u205F]/g, MARK);
  return text
    .split(word)
    .map((piece) => hide(piece, rest))
    .join(word);
}

/**
 * The parts of `text`, told apart by its rendering with hidden messages; null when the two do not fit, because the
 * template's doings hang on what the messages say. Words in `keep` were not hidden, so no such word is trusted.
 */
export function parts(text: string, hiddenText: string, keep: readonly string[]): PromptPart[] | null {
  if (text.length !== hiddenText.length) return null;
  const trusted = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    if (hiddenText[i] === MARK || hiddenText[i] === SPACE_MARK) continue;
    if (hiddenText[i] !== text[i]) return null;
    trusted[i] = 1;
  }
  for (const word of keep) {
    for (let at = hiddenText.indexOf(word); at >= 0; at = hiddenText.indexOf(word, at + 1)) {
      trusted.fill(0, at, at + word.length);
    }
  }
  const found: PromptPart[] = [];
  for (let start = 0, end = 0; start < text.length; start = end) {
    while (end < text.length && trusted[end] === trusted[start]) end++;
    found.push({ text: text.slice(start, end), trusted: trusted[start] === 1 });
  }
  return found;
}

/**
 * The words that a template looks for in what it is given (`'</think>' in content`, `content.split('</think>')`):
 * hidden, they would change its way.
 */
export function wordsAskedFor(program: Template["parsed"]): string[] {
  const words = new Set<string>();
  const visit = (node: unknown, asks: boolean): void => {
    if (typeof node !== "object" || node === null) return;
    if (Array.isArray(node)) {
      for (const child of node) visit(child, asks);
      return;
    }
    const { type, ...fields } = node as { type?: string } & Record<string, unknown>;
    if (type === "StringLiteral") {
      if (asks && fields.value !== "") words.add(fields.value as string);
      return;
    }
    for (const [field, child] of Object.entries(fields)) {
      const isCall = type === "CallExpression" && field === "args";
      const isIn = type === "BinaryExpression" && field === "left" && isInOperator(fields.operator);
      visit(child, isCall || isIn);
    }
  };
  visit(program.body, false);
  // Longest first, so that a word wins over the words it contains.
  return [...words].sort((a, b) => b.length - a.length);
}

function isInOperator(operator: unknown): boolean {
  const word = (operator as { value?: unknown }).value;
  return word === "in" || word === "not in";
}
