// The words that the interface speaks in this browser.
// Owns: the choice, made once when the page opens. Must not know: a view.

import { chooseLanguage, LANG_TAGS, WORDS, type Words } from "../language.ts";

const language = chooseLanguage(navigator.languages);

export const words: Words = WORDS[language];
/** For `<html lang>` and the formats of dates. */
export const langTag: string = LANG_TAGS[language];
