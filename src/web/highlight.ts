// Colours for code, fetched when the first code appears.
// Owns: when the highlighter (highlighter.ts, a chunk of its own) is loaded, and which elements it goes over.
// Must not know: languages, Markdown.

/** Colouring more than this would stop the page for a moment that is felt. */
const MOST_CHARACTERS = 50_000;

/** Colours the complete code blocks within `root` that have none yet; a chunk that cannot be loaded leaves them plain. */
export async function highlight(root: Element): Promise<void> {
  const blocks = [...root.querySelectorAll('pre:not(.open) > code[class*="language-"]:not(.hljs)')];
  if (blocks.length === 0) return;
  const highlighter = await import("./highlighter.ts").catch(() => undefined);
  if (highlighter === undefined) return;
  for (const block of blocks) {
    const code = block.textContent ?? "";
    const language = /(?:^|\s)language-(\S+)/.exec(block.className)?.[1] ?? "";
    // Another call may have been faster while the chunk was fetched.
    if (block.classList.contains("hljs") || code.length > MOST_CHARACTERS) continue;
    const html = highlighter.colour(code, language);
    if (html === null) continue;
    block.classList.add("hljs");
    block.innerHTML = html;
  }
}
