// A request and its response as they went over the wire, and the request as commands to run elsewhere.
// Owns: the dialog. Must not know: how they were kept.

import type { AnswerInfo } from "../conversation.ts";
import type { ChatBody } from "../settings.ts";
import { asCurl, asJavaScript, asPython } from "../snippets.ts";
import { connection } from "../state/connection.ts";
import { rawShown } from "../state/panels.ts";
import { words } from "../state/words.ts";
import { CopyButton } from "./button.tsx";
import { Dialog, PanelTitle } from "./dialog.tsx";

const FORMS = [
  { name: "curl", write: asCurl },
  { name: "JavaScript", write: asJavaScript },
  { name: "Python", write: asPython },
];

function close(): void {
  rawShown.value = null;
}

export function RawDialog() {
  if (rawShown.value === null) return null;
  return (
    <Dialog label={words.raw} place="center" onClose={close}>
      <PanelTitle title={words.raw} onClose={close} />
      <Raw info={rawShown.value} />
    </Dialog>
  );
}

function Raw({ info: { request, response } }: { info: AnswerInfo }) {
  const body = readRequest(request);
  return (
    <div class="raw">
      <section>
        <h3>{words.request}</h3>
        {body === null ? (
          <p class="quiet">{words.noRequestKept}</p>
        ) : (
          <>
            <Scrolling label={words.request} text={JSON.stringify(body, null, 2)} />
            <div class="copies">
              {FORMS.map(({ name, write }) => (
                <CopyButton key={name} label={words.copyAs(name)} text={() => write(connection.value, body)}>
                  {words.copyAs(name)}
                </CopyButton>
              ))}
            </div>
          </>
        )}
      </section>
      <section>
        <h3>{words.response}</h3>
        <Scrolling label={words.response} text={response} />
      </section>
    </div>
  );
}

/** Null when it was not kept, or when the file that it was imported from has something else in its place. */
function readRequest(request: string): ChatBody | null {
  try {
    return JSON.parse(request) as ChatBody;
  } catch {
    return null;
  }
}

/** The keyboard scrolls what has the focus. */
function Scrolling({ label, text }: { label: string; text: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
    <section class="scrolling" aria-label={label} tabIndex={0}>
      <pre>{text}</pre>
    </section>
  );
}
