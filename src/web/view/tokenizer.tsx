// How the edge model reads a text: its tokens, one beside the other.
// Owns: asking while the text is written, a little after the last key, and showing pieces that would not be seen.
// Must not know: the vocabulary.

import { signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { toAnswerError } from "../answer.ts";
import { type Token, tokenize } from "../api.ts";
import type { ApiError } from "../api-error.ts";
import { asApiError, connection, pause } from "../state/connection.ts";
import { words } from "../state/words.ts";
import { Problem } from "./problem.tsx";

const PAUSE_MS = 200;
/** A page with more boxes than this is slow. */
const MOST_SHOWN = 3000;

/** Kept while another tab is open. */
const text = signal(words.tokenizerExample);

export function Tokenizer() {
  const tokens = useSignal<readonly Token[]>([]);
  const error = useSignal<ApiError | null>(null);
  const tries = useSignal(0);
  useEffect(() => {
    const abort = new AbortController();
    const ask = async () => {
      await pause(PAUSE_MS, abort.signal);
      tokens.value = text.value === "" ? [] : await tokenize(connection.value, text.value, abort.signal);
      error.value = null;
    };
    ask().catch((reason: unknown) => {
      if (!abort.signal.aborted) error.value = asApiError(reason);
    });
    return () => abort.abort();
  }, [text.value, connection.value, tries.value]);
  const shown = tokens.value.slice(0, MOST_SHOWN);
  const left = tokens.value.length - shown.length;
  return (
    <div class="tokenizer">
      <label for="tokenizer-text">{words.tokenizerText}</label>
      <textarea
        id="tokenizer-text"
        dir="auto"
        rows={6}
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value;
        }}
      />
      {error.value !== null && <Problem error={toAnswerError(error.value)} onRetry={() => tries.value++} />}
      <p class="counts" role="status">
        <strong>{words.tokenCount(tokens.value.length)}</strong>
        <span>{words.characterCount([...text.value].length)}</span>
      </p>
      <ol class="tokens">
        {shown.map(({ id, piece, isBytes }, index) => (
          <li key={index} class={isBytes ? "bytes" : ""}>
            <span dir="auto">{isBytes ? piece : visible(piece)}</span>
            <small>{id}</small>
          </li>
        ))}
      </ol>
      {left > 0 && <p class="quiet">{words.tokensLeftOut(left)}</p>}
      <p class="quiet">{words.tokenizerHint}</p>
    </div>
  );
}

/** With signs for what is blank. */
function visible(piece: string): string {
  return piece.replaceAll(" ", "·").replaceAll("\n", "↵").replaceAll("\t", "→");
}
