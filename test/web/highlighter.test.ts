// colour(): which languages it knows, and that code stays text.

import assert from "node:assert/strict";
import { test } from "node:test";
import { colour } from "../../src/web/highlighter.ts";

test("colour() knows the languages of the interface by the names that models use", () => {
  const names =
    "js javascript jsx ts typescript tsx python py bash sh shell console json html xml css sql go rust rs java c cpp c++ h yaml yml markdown md diff";
  for (const name of names.split(" ")) assert.notEqual(colour("a = 1", name), null, name);
  assert.equal(colour("a = 1", "brainfuck"), null);
  assert.equal(colour("a = 1", "__proto__"), null);
});

test("colour() makes nothing but spans of code", () => {
  const html = colour('const a = "<img src=x onerror=alert(1)>"; // </code><script>', "js")!;
  assert.match(html, /<span class="hljs-keyword">const<\/span>/);
  assert.deepEqual(html.replace(/<span class="[\w -]+">|<\/span>/g, "").match(/[<>]/g), null);
});
