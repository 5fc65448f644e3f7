// chooseLanguage(), and that every text of the interface is there and differs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseLanguage, WORDS } from "../../src/web/language.ts";
import { BOUNDS } from "../../src/web/settings.ts";

test("chooseLanguage() takes the first that it speaks, else English", () => {
  assert.equal(chooseLanguage(["zh-CN", "en"]), "zh");
  assert.equal(chooseLanguage(["de-DE", "ZH-Hant-TW", "en"]), "zh");
  assert.equal(chooseLanguage(["fr", "en-GB", "zh"]), "en");
  assert.equal(chooseLanguage(["zhx"]), "en");
  assert.equal(chooseLanguage([]), "en");
});

/** Every text by its path, functions called with plausible values. */
function texts(words: object, path = ""): [string, string][] {
  return Object.entries(words).flatMap(([name, word]): [string, string][] => {
    const at = `${path}.${name}`;
    if (typeof word === "string") return [[at, word]];
    if (typeof word !== "function") return texts(word, at);
    const argument = name === "problem" ? { kind: "number", bound: BOUNDS.topK } : 7;
    return [[at, String(word(argument, 8))]];
  });
}

test("every language says everything, in its own words", () => {
  const english = texts(WORDS.en);
  const chinese = new Map(texts(WORDS.zh));
  assert.deepEqual([...chinese.keys()].sort(), english.map(([path]) => path).sort());
  for (const [path, text] of english) {
    assert.notEqual(text.trim(), "", path);
    if (![".appName", ".topP", ".topK"].includes(path)) assert.match(chinese.get(path)!, /[\u4e00-\u9fff]/, path);
  }
});
