// Which language the interface speaks, and how it writes numbers.
// Owns: the choice. The words are in words-en.ts and words-zh.ts: the English ones are the shape that the others must
// have, so a missing text is a type error. Must not know: a view.

import { en, type Words } from "./words-en.ts";
import { zh } from "./words-zh.ts";

export type { Words } from "./words-en.ts";
export type Language = "en" | "zh";

export const WORDS: Readonly<Record<Language, Words>> = { en, zh };

/** What `<html lang>` says. */
export const LANG_TAGS: Readonly<Record<Language, string>> = { en: "en", zh: "zh-Hans" };

/** The first of the browser's languages that the page speaks, else English. */
export function chooseLanguage(languages: readonly string[]): Language {
  for (const language of languages) {
    const primary = language.toLowerCase().split("-")[0];
    if (primary === "en" || primary === "zh") return primary;
  }
  return "en";
}
