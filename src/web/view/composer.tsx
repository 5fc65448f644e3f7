// Where a question is written and sent, and an answer stopped.
// Owns: the text that is being written, one for each place, and the keys that send it. Must not know: who is asked.

import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { isNarrow } from "../state/panels.ts";
import { words } from "../state/words.ts";
import { COMPOSER_ID, rescueFocus } from "./focus.ts";
import { Icon } from "./icon.tsx";
import { isSend } from "./keys.ts";

interface ComposerProps {
  /** What is being written is kept for this place. */
  readonly place: string;
  readonly isBusy: boolean;
  readonly onSend: (text: string) => void;
  readonly onStop: () => void;
}

const drafts = signal<ReadonlyMap<string, string>>(new Map());

export function Composer({ place, isBusy, onSend, onStop }: ComposerProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const text = drafts.value.get(place) ?? "";
  const write = (written: string) => {
    drafts.value = new Map(drafts.value).set(place, written);
  };
  const send = () => {
    if (isBusy || text.trim() === "") return;
    write("");
    onSend(text);
  };
  useLayoutEffect(() => grow(area.current!), [text, place]);
  useLayoutEffect(() => {
    // On a small screen the keyboard would cover what is to be read first.
    if (!isNarrow.peek()) area.current!.focus();
  }, [place]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (!isSend(event)) return;
    event.preventDefault();
    send();
  };
  return (
    <div class="composer">
      <textarea
        ref={area}
        id={COMPOSER_ID}
        aria-label={words.message}
        placeholder={words.messagePlaceholder}
        dir="auto"
        rows={1}
        value={text}
        onInput={(event) => write(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      {isBusy ? (
        <StopButton onStop={onStop} />
      ) : (
        <button
          type="button"
          class="round send"
          aria-label={words.send}
          title={words.send}
          disabled={text.trim() === ""}
          onClick={send}
        >
          <Icon name="arrowUp" />
        </button>
      )}
    </div>
  );
}

function StopButton({ onStop }: { onStop: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(
    () => () => {
      if (document.activeElement === button.current) rescueFocus();
    },
    [],
  );
  return (
    <button type="button" ref={button} class="round stop" aria-label={words.stop} title={words.stop} onClick={onStop}>
      <Icon name="stop" />
    </button>
  );
}

/** As high as its text; a style sheet says what is the most. */
export function grow(area: HTMLTextAreaElement): void {
  area.style.setProperty("height", "auto");
  area.style.setProperty("height", `${area.scrollHeight + area.offsetHeight - area.clientHeight}px`);
}
