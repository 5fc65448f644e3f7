// A request and its response as they went over the wire, and the request as commands to run elsewhere.
// Owns: the dialog. Must not know: how they were kept.

import { restoreRequest } from "../kept-request.ts";
import { asCurl, asJavaScript, asPython } from "../snippets.ts";
import { connection } from "../state/connection.ts";
import { type RawShown, rawShown } from "../state/panels.ts";
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
      <Raw {...rawShown.value} />
    </Dialog>
  );
}

function Raw({ info, before }: RawShown) {
  const request = restoreRequest(info, before);
  return (
    <div class="raw">
      <section>
        <h3>{words.request}</h3>
        {request === null ? (
          <p class="quiet">{words.noRequestKept}</p>
        ) : (
          <>
            {!request.isWhole && <p class="quiet">{words.requestChanged}</p>}
            <Scrolling label={words.request} text={JSON.stringify(request.body, null, 2)} />
            <div class="copies">
              {FORMS.map(({ name, write }) => (
                <CopyButton key={name} label={words.copyAs(name)} text={() => write(connection.value, request.body)}>
                  {words.copyAs(name)}
                </CopyButton>
              ))}
            </div>
          </>
        )}
      </section>
      <section>
        <h3>{words.response}</h3>
        <Scrolling label={words.response} text={info.response} />
      </section>
    </div>
  );
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
