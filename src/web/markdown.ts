// Markdown as HTML that is safe to show, whatever a model wrote.
// Owns: the sanitiser that goes over what markup.ts makes, in case that it or its parser erred, and what was sanitised
// lately: while a text streams, all its blocks but the last stay the same. Needs a browser. Must not know: a view.

import DOMPurify from "dompurify";
import { type Block, toBlocks } from "./markup.ts";

export type { Block } from "./markup.ts";

const POLICY = {
  ALLOWED_TAGS: [
    ..."p h3 h4 h5 h6 ul ol li blockquote hr br strong em del code pre a".split(" "),
    ..."div table thead tbody tr th td".split(" "),
  ],
  ALLOWED_ATTR: ["href", "title", "target", "rel", "class", "align", "tabindex", "dir", "start"],
  ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  // Or they would have to be addresses too.
  ADD_URI_SAFE_ATTR: ["target", "rel", "align", "tabindex", "dir", "start"],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
};

/** Blocks: more than the longest answer has, or each of them would be sanitised anew with each token. */
const MOST_REMEMBERED = 5000;
const remembered = new Map<string, string>();

/**
 * The blocks of a text: show a block anew only when its html differs. Code is `<div class="code">` with a
 * `<div class="code-head">` and `<pre><code class="language-…">`; `<pre class="open">` while it is still coming.
 */
export function renderBlocks(text: string, options: { isStreaming?: boolean } = {}): Block[] {
  return toBlocks(text, options).map(({ html, isOpen }) => ({ html: isOpen ? sanitise(html) : recall(html), isOpen }));
}

/** The whole text in one string. */
export function render(text: string): string {
  return renderBlocks(text)
    .map(({ html }) => html)
    .join("");
}

function sanitise(html: string): string {
  return DOMPurify.sanitize(html, POLICY);
}

function recall(html: string): string {
  const known = remembered.get(html);
  if (known !== undefined) return known;
  const clean = sanitise(html);
  if (remembered.size >= MOST_REMEMBERED) remembered.clear();
  remembered.set(html, clean);
  return clean;
}
