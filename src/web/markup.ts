// Markdown into HTML, block by block: GitHub's flavour less everything that could do harm.
// Owns: what a model's text may become. Raw HTML is no HTML here but text, images become links, links lead to http,
// https and mailto alone, LaTeX stays as it was written. Also the calm of a text that is still coming: what would be
// something else a token later waits. Gives HTML that markdown.ts sanitises once more. Must not know: a browser.

import { Lexer, Marked, type Token, type TokenizerAndRendererExtension, type Tokens } from "marked";

/** A top-level block; `isOpen` is the last one of a text that is still coming. */
export interface Block {
  readonly html: string;
  readonly isOpen: boolean;
}

/** Beyond these a text, or a paragraph of it, is shown as it is: some of a parser's rules take quadratic time. */
const MOST_CHARACTERS = 500_000;
const MOST_INLINE_CHARACTERS = 10_000;

/** Blocks of HTML. Never throws: what cannot be parsed (nesting without end) is shown as it is. */
export function toBlocks(text: string, { isStreaming = false } = {}): Block[] {
  if (text.length > MOST_CHARACTERS) return [plain(text, isStreaming)];
  try {
    const tokens = lex(isStreaming ? settle(text) : text).filter(({ type }) => type !== "space");
    return tokens.map((token, index) => {
      const isOpen = isStreaming && index === tokens.length - 1;
      const html = markdown.parser([token]);
      const isOpenFence = isOpen && token.type === "code" && !isClosedFence(token.raw);
      return { html: isOpenFence ? html.replace("<pre ", '<pre class="open" ') : html, isOpen };
    });
  } catch {
    return [plain(text, isStreaming)];
  }
}

function plain(text: string, isOpen: boolean): Block {
  return { html: `<p class="plain">${toText(text)}</p>`, isOpen };
}

/** Text that HTML shows as it is. */
function toText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** As `toText`, but Markdown's entities (`&lt;`) stay. */
function escapeText(text: string): string {
  return toText(text).replace(/&#38;(?=(#\d{1,7}|#[Xx][\da-fA-F]{1,6}|[a-zA-Z]\w{1,31});)/g, "&");
}

/** Nothing but a whole address of a harmless kind; undefined for anything else. */
function safeHref(href: string): string | undefined {
  const url = URL.parse(href);
  return url !== null && ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : undefined;
}

/** `label` is HTML. */
function link(href: string, label: string, title?: string | null): string {
  const safe = safeHref(href);
  if (safe === undefined) return label;
  const shown = title ? ` title="${toText(title)}"` : "";
  return `<a href="${toText(safe)}"${shown} target="_blank" rel="noopener noreferrer">${label}</a>`;
}

/** LaTeX between its delimiters, so that neither `\(` nor `a_1` is read as Markdown. */
function math(level: "block" | "inline", pattern: RegExp, start?: RegExp): TokenizerAndRendererExtension {
  const name = `${level}Math`;
  return {
    name,
    level,
    ...(start === undefined ? {} : { start: (source: string) => start.exec(source)?.index }),
    tokenizer(source) {
      const [raw] = pattern.exec(source) ?? [];
      return raw === undefined ? undefined : { type: name, raw, text: raw.trim() };
    },
    renderer: ({ text }) => (level === "block" ? `<p class="plain">${toText(text)}</p>\n` : toText(String(text))),
  };
}

const markdown = new Marked({
  gfm: true,
  // Models mean the line feeds that they write.
  breaks: true,
  extensions: [
    math("block", /^(?:\\\[[\s\S]{1,4000}?\\\]|\$\$[\s\S]{1,4000}?\$\$)[ \t]*(?:\n+|$)/),
    math(
      "inline",
      /^(?:\\\([\s\S]{1,1000}?\\\)|\\\[[\s\S]{1,1000}?\\\]|\$(?![\s$])[^$\n]{1,500}?(?<!\s)\$(?!\d))/,
      /\\[([]|\$/,
    ),
  ],
  tokenizer: {
    // Undefined: no such thing. What looks like HTML goes on as text.
    html: () => undefined,
    tag: () => undefined,
  },
  renderer: {
    html: ({ text }) => toText(text),
    text(token) {
      return "tokens" in token && token.tokens ? this.parser.parseInline(token.tokens) : escapeText(token.text);
    },
    code({ text, lang }) {
      const language = /^[\w+#.-]{1,30}/.exec(lang ?? "")?.[0] ?? "";
      const name = language === "" ? "" : ` class="language-${language.toLowerCase()}"`;
      const head = `<div class="code-head">${toText(language)}</div>`;
      return `<div class="code" dir="ltr">${head}<pre tabindex="0"><code${name}>${toText(text)}\n</code></pre></div>\n`;
    },
    codespan: ({ text }) => `<code dir="ltr">${toText(text)}</code>`,
    // A page has its own first headings.
    heading({ tokens, depth }) {
      const tag = `h${Math.min(6, depth + 2)}`;
      return `<${tag}>${this.parser.parseInline(tokens)}</${tag}>\n`;
    },
    link({ href, title, tokens }) {
      return link(href, this.parser.parseInline(tokens), title);
    },
    // Loading one would tell its host who reads.
    image: ({ href, title, text }) => link(href, escapeText(text) || toText(safeHref(href) ?? href), title),
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
    table(token) {
      const row = (cells: readonly Tokens.TableCell[], tag: "th" | "td") =>
        `<tr>${cells.map(({ tokens, align }) => `<${tag}${align ? ` align="${align}"` : ""}>${this.parser.parseInline(tokens)}</${tag}>`).join("")}</tr>`;
      const rows = token.rows.map((cells) => row(cells, "td")).join("\n");
      const head = `<thead>${row(token.header, "th")}</thead>`;
      return `<div class="table" tabindex="0"><table>${head}<tbody>${rows}</tbody></table></div>\n`;
    },
  },
});

/** As marked's own, but for the bound on what is within a block. */
function lex(text: string): Token[] {
  const lexer = new Lexer(markdown.defaults);
  const tokens = lexer.blockTokens(text.replace(/\r\n?/g, "\n"), lexer.tokens);
  // The queue grows while it is worked off.
  for (const { src, tokens: parts } of lexer.inlineQueue) {
    if (src.length <= MOST_INLINE_CHARACTERS) lexer.inlineTokens(src, parts);
    else parts.push({ type: "text", raw: src, text: src, escaped: false });
  }
  return tokens;
}

function isClosedFence(raw: string): boolean {
  const fence = /^ {0,3}(`{3,}|~{3,})/.exec(raw)?.[1];
  if (fence === undefined) return false;
  const last = raw.trimEnd().split("\n").slice(1).at(-1)?.trim() ?? "";
  return last.length >= fence.length && [...last].every((character) => character === fence[0]);
}

/**
 * A text that is still coming, less what may yet turn out as something else: a last line of marks alone (`-` makes the
 * line above a heading for the time of a token), and with its last emphasis and code closed.
 */
function settle(text: string): string {
  const lines = text.split("\n");
  const last = lines.at(-1)!;
  const shorter = () => lines.slice(0, -1).join("\n");
  const { fence, start } = scan(lines);
  if (fence !== undefined) return /^\s*(?:`{1,2}|~{1,2})$/.test(last) ? shorter() : text;
  if (start === lines.length) return text; // its last line closes a fence
  if (/^[\s\-=*+#>|~_:]+$/.test(last) || /^\s*`{1,2}$/.test(last)) return shorter();
  const paragraph = lines
    .slice(start)
    .join("\n")
    .replace(/`[^`\n]*`/g, "");
  if (paragraph.includes("`")) return text.endsWith("`") ? text.slice(0, -1) : `${text}\``;
  if ((paragraph.match(/\*\*/g)?.length ?? 0) % 2 === 0) return text;
  return text.endsWith("**") ? text.slice(0, -2) : `${text.replace(/\*$/, "").trimEnd()}**`;
}

/** The fence that is open at the end, and the line at which the last paragraph starts. */
function scan(lines: readonly string[]): { fence: string | undefined; start: number } {
  let fence: string | undefined;
  let start = 0;
  for (const [index, line] of lines.entries()) {
    const [, marks, rest = ""] = /^\s*(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
    if (fence === undefined && marks !== undefined && !rest.includes("`")) fence = marks;
    else if (fence !== undefined && marks?.startsWith(fence) && rest.trim() === "") {
      fence = undefined;
      start = index + 1;
    } else if (fence === undefined && line.trim() === "" && index < lines.length - 1) start = index + 1;
  }
  return { fence, start };
}
