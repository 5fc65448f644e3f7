// toBlocks(): what Markdown becomes, what hostile text does not, and the calm of a text that is still coming.

import assert from "node:assert/strict";
import { test } from "node:test";
import { toBlocks } from "../../src/web/markup.ts";

const html = (text: string, isStreaming = false) =>
  toBlocks(text, { isStreaming })
    .map((block) => block.html.trim())
    .join("\n");

const ALLOWED = new Set(
  "p h3 h4 h5 h6 ul ol li blockquote hr br strong em del code pre a div table thead tbody tr th td".split(" "),
);
/** Tags of the output; a `<` that opens none is a flaw, for text has it escaped. */
function tagsOf(output: string): { name: string; attributes: string }[] {
  return [...output.matchAll(/<(\/?)(\w*)([^>]*)>?/g)].map(([, , name = "", attributes = ""]) => ({
    name,
    attributes,
  }));
}

/** Fails for anything that a browser could run, load or be led astray by. */
function assertHarmless(text: string): void {
  for (const isStreaming of [false, true]) {
    for (const { name, attributes } of tagsOf(html(text, isStreaming))) {
      assert.ok(ALLOWED.has(name), `<${name}> from ${text.slice(0, 200)}`);
      const names = [...attributes.replace(/"[^"]*"/g, '""').matchAll(/([^\s=]+)=""/g)].map(
        ([, attribute]) => attribute,
      );
      const known = ["class", "href", "title", "target", "rel", "dir", "tabindex", "align", "start"];
      assert.deepEqual(
        names.filter((attribute) => !known.includes(attribute ?? "")),
        [],
        text,
      );
      const [, href = "https:"] = /href="([^"]*)"/.exec(attributes) ?? [];
      assert.match(href, /^(https?|mailto):/, text);
    }
  }
}

test("toBlocks() renders GitHub's Markdown", () => {
  assert.equal(
    html("# A\n\n**b** *c* ~~d~~ `e`"),
    '<h3>A</h3>\n<p><strong>b</strong> <em>c</em> <del>d</del> <code dir="ltr">e</code></p>',
  );
  assert.equal(html("1. a\n2. b"), "<ol>\n<li>a</li>\n<li>b</li>\n</ol>");
  assert.equal(html("- [x] a\n- [ ] b"), "<ul>\n<li>☑ a</li>\n<li>☐ b</li>\n</ul>");
  assert.equal(html("a\nb"), "<p>a<br>b</p>");
  assert.match(
    html("|a|b|\n|-|:-:|\n|1|2|"),
    /<th>a<\/th><th align="center">b<\/th>.*<td>1<\/td><td align="center">2<\/td>/s,
  );
});

test("toBlocks() gives code its language and nothing else of the fence's words", () => {
  const code =
    '<div class="code" dir="ltr"><div class="code-head">js</div><pre tabindex="0"><code class="language-js">a &#60; b\n</code></pre></div>';
  assert.equal(html('```js" onclick="x\na < b\n```'), code);
  assert.match(html("```\nx\n```"), /<code>x\n<\/code>/);
});

test("toBlocks() shows raw HTML as text", () => {
  assert.equal(html("<b>x</b>"), "<p>&#60;b&#62;x&#60;/b&#62;</p>");
  assert.equal(html("<script>\nalert(1)\n</script>"), "<p>&#60;script&#62;<br>alert(1)<br>&#60;/script&#62;</p>");
  assert.equal(html("&lt;b&gt; &amp;amp; & &nope"), "<p>&lt;b&gt; &amp;amp; &#38; &#38;nope</p>");
});

test("toBlocks() makes links of http, https and mailto alone, and never loads an image", () => {
  const safe = 'target="_blank" rel="noopener noreferrer"';
  assert.equal(html("[a](https://h/?q=1&r)"), `<p><a href="https://h/?q=1&#38;r" ${safe}>a</a></p>`);
  assert.equal(html("me@example.org"), `<p><a href="mailto:me@example.org" ${safe}>me@example.org</a></p>`);
  assert.equal(html("![alt *x*](http://h/i.png)"), `<p><a href="http://h/i.png" ${safe}>alt *x*</a></p>`);
  assert.equal(html("![](http://h/i.png)"), `<p><a href="http://h/i.png" ${safe}>http://h/i.png</a></p>`);
  for (const href of [
    "javascript:alert(1)",
    "JaVaScRiPt:x",
    "data:text/html,x",
    "/v1/models",
    "vbscript:x",
    "file:///x",
    "&#106;avascript:x",
  ]) {
    assert.equal(html(`[a](${href})`), "<p>a</p>", href);
    assert.equal(html(`![a](${href})`), "<p>a</p>", href);
  }
});

test("toBlocks() leaves LaTeX as it was written", () => {
  assert.equal(html("so \\(a_1 * b_1 * c\\) is"), "<p>so \\(a_1 * b_1 * c\\) is</p>");
  assert.equal(html("so $a_1 b_1$ is, for $5 and $6*"), "<p>so $a_1 b_1$ is, for $5 and $6*</p>");
  assert.equal(html("\\[\n- a_1\n= <b>\n\\]"), '<p class="plain">\\[\n- a_1\n= &#60;b&#62;\n\\]</p>');
  assert.equal(html("$$\nx^2\n$$\n\nb"), '<p class="plain">$$\nx^2\n$$</p>\n<p>b</p>');
});

test("toBlocks() lets nothing through that a browser could run or load", () => {
  const hostile = [
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    '[x](https://h" onmouseover="alert(1))',
    '[x](https://h "t\\" onmouseover=\\"alert(1)")',
    "[x](<javascript:alert(1)>)",
    "[x]: javascript:alert(1)\n[x]",
    "<javascript:alert(1)>",
    '![x" onerror="alert(1)](https://h/i.png)',
    "`<img src=x>` ``<b>``",
    "<pre><code>a & <script>alert(1)</script>",
    "<script>\n\n*a* < b & <img src=x onerror=alert(1)>\n\n</script>",
    "<style>*{}</style> <base href=//evil> <meta http-equiv=refresh content=0>",
    "\\<b\\> &lt;b&gt; &#60;b&#62; <!-- c --> <![CDATA[x]]> <?php ?>",
    "|<b>|\n|-|\n|<i onclick=x>|",
    "# <b>\n\n> <b>\n\n- <b>\n\n***<b>***",
    "$<b>$ \\(<b>\\)\n\n$$<b>$$\n\n\\[<b>\\]",
    "```<b>\n</code></pre><script>alert(1)</script>\n```",
    "~~~ js'><img src=x>\nx",
    'https://h/<img/src=x> www.h.org/"onclick=x',
  ];
  for (const text of hostile) assertHarmless(text);
});

test("toBlocks() lets nothing through of pieces put together at random", () => {
  const pieces = [
    "<",
    ">",
    '"',
    "'",
    "<b ",
    "</",
    "`",
    "```\n",
    "**",
    "_",
    "[",
    "](",
    ")",
    "!",
    "javascript:",
    "https://h",
    "&",
    "&lt;",
    "\\",
    "$",
    "\n",
    "\n\n",
    "| ",
    "|-|\n",
    "- ",
    "> ",
    "x",
    "onerror=",
    "<script>",
    "<!--",
  ];
  // A generator with a seed: the same texts each time.
  let state = 7;
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
  for (let i = 0; i < 3000; i++) {
    assertHarmless(Array.from({ length: 3 + random(20) }, () => pieces[random(pieces.length)]).join(""));
  }
});

test("toBlocks() shows what is too much for the parser as it is", () => {
  assert.match(html(`${"> ".repeat(20_000)}a`), /a/);
  assert.match(html(`${"- ".repeat(20_000)}a`), /a/);
  const long = "_a".repeat(30_000);
  assert.equal(html(long), `<p>${long}</p>`);
  assert.equal(html("<".repeat(500_001)), `<p class="plain">${"&#60;".repeat(500_001)}</p>`);
});

test("toBlocks() says which block is still open, and which fence", () => {
  const blocks = toBlocks("a\n\n```js\nlet a", { isStreaming: true });
  assert.deepEqual(
    blocks.map(({ isOpen }) => isOpen),
    [false, true],
  );
  assert.match(blocks[1]!.html, /<pre class="open" tabindex="0"><code class="language-js">let a\n/);
  assert.doesNotMatch(html("```js\nlet a\n```", true), /class="open"/);
  assert.doesNotMatch(html("```js\nlet a", false), /class="open"/);
  assert.match(html("````md\n```\n", true), /class="open"/);
});

test("toBlocks() holds back what a token later may be something else, only while the text comes", () => {
  assert.equal(html("Colors:\n-", true), "<p>Colors:</p>");
  assert.equal(html("Colors:\n- red\n-", true), html("Colors:\n- red"));
  assert.equal(html("|a|b|\n|--", true), "<p>|a|b|</p>");
  assert.equal(html("a\n``", true), "<p>a</p>");
  assert.equal(html("```js\na\n``", true), html("```js\na", true));
  assert.equal(html("a **b", true), "<p>a <strong>b</strong></p>");
  assert.equal(html("a **b*", true), "<p>a <strong>b</strong></p>");
  assert.equal(html("a **", true), "<p>a </p>");
  assert.equal(html("a `b", true), '<p>a <code dir="ltr">b</code></p>');
  assert.equal(html("a `b` **c** d", true), html("a `b` **c** d"));
  assert.equal(html("```js\na ** `b", true).includes("a ** `b\n"), true);
  assert.equal(html("Colors:\n-"), "<h4>Colors:</h4>");
});

test("toBlocks() keeps the blocks before the last as they are while a text grows", () => {
  const text = "# Title\n\nSome **bold** text.\n\n- one\n- two\n\n```js\nlet a = 1;\n```\n\nThe end, `code` and all.";
  const whole = toBlocks(text).map((block) => block.html);
  for (let length = 1; length <= text.length; length++) {
    const blocks = toBlocks(text.slice(0, length), { isStreaming: true });
    for (const [index, block] of blocks.slice(0, -1).entries()) assert.equal(block.html, whole[index], `at ${length}`);
  }
});
