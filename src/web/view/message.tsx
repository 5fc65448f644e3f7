// A message: the person's question, or the model's answer with what is told beside it.
// Owns: their text and their buttons. An answer that comes is drawn by the same component that shows it when it is
// whole, so that nothing jumps. Must not know: the list around it.

import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { ChatMessage } from "../conversation.ts";
import { deleteMessage, regenerate, resend } from "../state/answers.ts";
import type { Asking } from "../state/asking.ts";
import { rawShown } from "../state/panels.ts";
import { words } from "../state/words.ts";
import { CopyButton, IconButton } from "./button.tsx";
import { grow } from "./composer.tsx";
import { rescueFocus } from "./focus.ts";
import { isSend } from "./keys.ts";
import { Markdown } from "./markdown.tsx";
import { Problem, Waiting } from "./problem.tsx";
import { Stats } from "./stats.tsx";

/** Does what takes away the button that it was asked by. */
function rescuing(action: () => void): void {
  action();
  rescueFocus();
}

export function Question({ message: { id, text } }: { message: ChatMessage }) {
  const isEdited = useSignal(false);
  const article = useRef<HTMLElement>(null);
  const close = () => {
    isEdited.value = false;
    rescueFocus(() => article.current?.querySelector(`[aria-label="${words.edit}"]`));
  };
  const save = (changed: string) => {
    close();
    resend(id, changed);
  };
  return (
    <article class="question" ref={article} aria-label={words.you}>
      {isEdited.value ? (
        <Editor text={text} onCancel={close} onSave={save} />
      ) : (
        <>
          <div class="bubble" dir="auto">
            {text}
          </div>
          <div class="actions">
            <CopyButton label={words.copy} text={() => text} />
            <IconButton
              icon="pencil"
              label={words.edit}
              onClick={() => {
                isEdited.value = true;
              }}
            />
            <IconButton icon="trash" label={words.delete} onClick={() => rescuing(() => deleteMessage(id))} />
          </div>
        </>
      )}
    </article>
  );
}

interface EditorProps {
  readonly text: string;
  readonly onSave: (text: string) => void;
  readonly onCancel: () => void;
}

function Editor({ text, onSave, onCancel }: EditorProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    grow(area.current!);
    area.current!.focus();
    area.current!.setSelectionRange(text.length, text.length);
  }, []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.preventDefault();
      onCancel();
    } else if (isSend(event)) {
      event.preventDefault();
      onSave(area.current!.value);
    }
  };
  return (
    <div class="editor">
      <textarea
        ref={area}
        aria-label={words.edit}
        dir="auto"
        rows={1}
        defaultValue={text}
        onInput={(event) => grow(event.currentTarget)}
        onKeyDown={onKeyDown}
      />
      <div class="editor-actions">
        <button type="button" class="button" onClick={onCancel}>
          {words.cancel}
        </button>
        <button type="button" class="button primary" onClick={() => onSave(area.current!.value)}>
          {words.saveAndSend}
        </button>
      </div>
    </div>
  );
}

interface AnswerProps {
  readonly message: ChatMessage;
  /** Its conversation's; itself is the last when it is not among them. */
  readonly messages: readonly ChatMessage[];
  /** While it comes. */
  readonly asking?: Asking;
  readonly onRetry?: () => void;
  /** Without buttons that change a conversation. */
  readonly isFixed?: boolean;
}

export function Answer({ message, messages, asking, isFixed = false, onRetry }: AnswerProps) {
  const text = asking?.text.value ?? message.text;
  const info = asking?.info.value ?? message.answer;
  const isComing = asking !== undefined;
  const wait = asking?.wait.value ?? null;
  const ask = onRetry ?? (isFixed ? undefined : () => regenerate(message.id));
  const retry = ask && (() => rescuing(ask));
  return (
    <article class={isComing ? "answer coming" : "answer"} aria-label={words.assistant} aria-busy={isComing}>
      {text !== "" && <Markdown text={text} isStreaming={isComing} />}
      {isComing && text === "" && wait === null && <p class="visually-hidden">{words.thinking}</p>}
      {isComing && wait !== null && <Waiting wait={wait} onRetry={() => rescuing(asking.retryNow)} />}
      {info?.error !== undefined && <Problem error={info.error} onRetry={retry} />}
      <footer>
        <div class="actions">
          {(text !== "" || isComing) && <CopyButton label={words.copy} text={() => text} />}
          {retry !== undefined && <IconButton icon="redo" label={words.regenerate} onClick={retry} />}
          {info !== undefined && (
            <IconButton
              icon="code"
              label={words.raw}
              onClick={() => {
                const at = messages.findIndex(({ id }) => id === message.id);
                rawShown.value = { info, before: at === -1 ? messages : messages.slice(0, at) };
              }}
            />
          )}
          {!isFixed && (
            <IconButton icon="trash" label={words.delete} onClick={() => rescuing(() => deleteMessage(message.id))} />
          )}
        </div>
        {info !== undefined && <Stats info={info} isComing={isComing} />}
      </footer>
    </article>
  );
}
