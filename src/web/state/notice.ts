// A short word to the person that passes by itself, and what a screen reader says of an answer that comes.
// Owns: how long each stays. Must not know: what they are about.

import { signal } from "@preact/signals";

export interface Notice {
  readonly text: string;
  /** A way back, such as undoing. */
  readonly action?: { readonly label: string; readonly run: () => void };
}

export const notice = signal<Notice | null>(null);
/** The text of the polite live region. */
export const announcement = signal("");

const SHOWN_MS = 6000;
let timer: ReturnType<typeof setTimeout>;

export function notify(text: string, action?: Notice["action"]): void {
  clearTimeout(timer);
  notice.value = action === undefined ? { text } : { text, action };
  timer = setTimeout(dismissNotice, SHOWN_MS);
}

export function dismissNotice(): void {
  clearTimeout(timer);
  notice.value = null;
}
