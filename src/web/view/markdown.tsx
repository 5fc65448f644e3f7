// An answer's Markdown on the page, block by block: a block that has not changed is not touched while the rest grows.
// Owns: when a block is drawn anew, and the buttons that copy code. Takes a text; what HTML may appear is decided, and
// sanitised, by markdown.ts. Must not know: where the text comes from.

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { highlight } from "../highlight.ts";
import { renderBlocks } from "../markdown.ts";
import { notify } from "../state/notice.ts";
import { words } from "../state/words.ts";
import { copyText } from "./clipboard.ts";

export function Markdown({ text, isStreaming }: { text: string; isStreaming: boolean }) {
  return (
    <div class="markdown">
      {renderBlocks(text, { isStreaming }).map(({ html, isOpen }, index) => (
        <Block key={index} html={html} isOpen={isOpen} />
      ))}
    </div>
  );
}

function Block({ html, isOpen }: { html: string; isOpen: boolean }) {
  const element = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => addCopyButtons(element.current!), [html]);
  useEffect(() => {
    if (!isOpen) void highlight(element.current!);
  }, [html, isOpen]);
  // renderBlocks has sanitised it.
  return <div ref={element} class="block" dir="auto" dangerouslySetInnerHTML={{ __html: html }} />;
}

/** Puts a button for copying on top of each piece of code. */
function addCopyButtons(block: Element): void {
  for (const head of block.querySelectorAll(".code-head")) {
    const code = head.parentElement?.querySelector("code");
    if (code && head.querySelector("button") === null) head.append(copyButton(code));
  }
}

function copyButton(code: Element): HTMLButtonElement {
  const button = document.createElement("button");
  button.className = "quiet-button";
  button.type = "button";
  button.textContent = words.copyCode;
  button.addEventListener("click", async () => {
    const isDone = await copyText(code.textContent);
    if (!isDone) return notify(words.copyFailed);
    button.textContent = words.copied;
    setTimeout(() => {
      button.textContent = words.copyCode;
    }, 1500);
  });
  return button;
}
