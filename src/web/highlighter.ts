// The highlighter and its languages: a chunk of its own, fetched by highlight.ts when code appears.
// Owns: which languages are known. Must not know: elements.

import core from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import cpp from "highlight.js/lib/languages/cpp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import go from "highlight.js/lib/languages/go";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import markdown from "highlight.js/lib/languages/markdown";
import python from "highlight.js/lib/languages/python";
import rust from "highlight.js/lib/languages/rust";
import shell from "highlight.js/lib/languages/shell";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";

const languages = { bash, cpp, css, diff, go, java, javascript, json, markdown, python };
const more = { rust, shell, sql, typescript, xml, yaml };
for (const [name, language] of Object.entries({ ...languages, ...more })) core.registerLanguage(name, language);
core.registerAliases(["c", "h"], { languageName: "cpp" });

/** Code as HTML with `<span class="hljs-…">`, everything else escaped; null for a language that is not known. */
export function colour(code: string, language: string): string | null {
  if (core.getLanguage(language) === undefined) return null;
  return core.highlight(code, { language, ignoreIllegals: true }).value;
}
