// render() in a browser: hostile Markdown is put on a page, where nothing of it may run, load or stand as an element.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { launch, openPage, skip } from "./browser.ts";
import { serveModule } from "./module.ts";

const browser = skip ? undefined : await launch();
after(() => browser?.close());

type Markdown = typeof import("../../src/web/markdown.ts");

const HOSTILE = [
  "<script>globalThis.hit = 1</script>",
  "<img src=http://evil.example/x onerror='globalThis.hit = 1'>",
  "![x](http://evil.example/x.png)",
  '[x](https://h" onmouseover="globalThis.hit = 1)',
  "[x](javascript:globalThis.hit=1) <javascript:globalThis.hit=1>",
  "<svg><style><img src=http://evil.example/y></style></svg>",
  "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=1 onerror=alert(1)>'>",
  "<form action=http://evil.example><input name=a autofocus></form>",
  '<a name="location"></a><iframe srcdoc="<script>parent.hit = 1</script>"></iframe>',
  "```html\n</code></pre><img src=http://evil.example/z>\n```",
  "$<img src=http://evil.example/w>$",
].join("\n\n");

test("render() puts nothing on a page that runs, loads or is no text", { skip }, async (t) => {
  const page = await openPage(t, browser!, await serveModule(t, "src/web/markdown.ts"));
  await page.waitForFunction(() => "it" in globalThis);
  const seen = await page.evaluate((text) => {
    const { it } = globalThis as unknown as { it: Markdown };
    const main = document.querySelector("main")!;
    main.innerHTML = it.render(text);
    for (const link of main.querySelectorAll("a")) link.dispatchEvent(new MouseEvent("mouseover"));
    const names = new Set([...main.querySelectorAll("*")].map(({ localName }) => localName));
    const links = [...main.querySelectorAll("a")].map(({ href, target, rel }) =>
      `${href} ${target} ${rel}`.replace(/^https?:/, ""),
    );
    return { names: [...names].sort(), links, text: main.textContent, hit: "hit" in globalThis };
  }, HOSTILE);
  assert.equal(seen.hit, false);
  assert.deepEqual(
    seen.names,
    ["a", "br", "code", "div", "p", "pre"].filter((name) => seen.names.includes(name)),
  );
  // The addresses in the text are links that a person may follow.
  assert.equal(seen.links.length, 4);
  for (const link of seen.links) assert.match(link, /^\/\/(evil\.example|h)\/\S* _blank noopener noreferrer$/);
  assert.match(seen.text ?? "", /<script>globalThis\.hit = 1<\/script>/);
});

test("render() passes the sanitiser unchanged, for all that Markdown may be", { skip }, async (t) => {
  const page = await openPage(t, browser!, await serveModule(t, "src/web/markdown.ts"));
  await page.waitForFunction(() => "it" in globalThis);
  const text =
    '# a\n\n1. b\n2. c\n\n3) d\n\n- [x] e\n\n> f\n\n|g|h|\n|:-|-:|\n|i|j|\n\n```js\nk\n```\n\n**l** *m* ~~n~~ `o` [p](https://q.example "r")\n\n---';
  const html = await page.evaluate((it) => (globalThis as unknown as { it: Markdown }).it.render(it), text);
  for (const part of [
    '<ol start="3">',
    '<th align="left">',
    'class="language-js"',
    'tabindex="0"',
    'dir="ltr"',
    "<hr>",
  ]) {
    assert.ok(html.includes(part), part);
  }
  assert.match(html, /<a [^>]*target="_blank"/);
  assert.match(html, /<a [^>]*title="r"/);
});
