// What is open on the page: the tab, the sidebar, the settings, a dialog.
// Owns: which of them can be open together, and what is an overlay on a screen of this width. Must not know: what is
// in them.

import { effect, signal } from "@preact/signals";
import type { AnswerInfo, ChatMessage } from "../conversation.ts";

export const TABS = ["chat", "compare", "tokenizer"] as const;
export type Tab = (typeof TABS)[number];

/** A question that is answered by yes or no. */
export interface Confirmation {
  readonly question: string;
  readonly action: string;
  readonly run: () => void;
}

/** An answer whose request and response are shown. */
export interface RawShown {
  readonly info: AnswerInfo;
  /** The messages before it in its conversation. */
  readonly before: readonly ChatMessage[];
}

export const tab = signal<Tab>("chat");
/** The sidebar lies over the page. */
export const isNarrow = mediaSignal("(max-width: 799.9px)");
/** The settings lie over the page. */
export const isMedium = mediaSignal("(max-width: 1179.9px)");
export const isSidebarOpen = signal(!isNarrow.value);
export const areSettingsOpen = signal(false);
/** The field of the settings that gets the focus when they open. */
export const settingsFocus = signal<"system" | "apiKey">("system");
export const rawShown = signal<RawShown | null>(null);
/** How many dialogs lie over the page. */
export const openDialogs = signal(0);
export const confirmation = signal<Confirmation | null>(null);

// A sidebar that lay beside the page would cover it when the window becomes narrow.
effect(() => {
  isSidebarOpen.value = !isNarrow.value;
});
effect(() => {
  if (isMedium.value) areSettingsOpen.value = false;
});

export function openSettings(focus: "system" | "apiKey" = "system"): void {
  settingsFocus.value = focus;
  areSettingsOpen.value = true;
}

function mediaSignal(query: string) {
  const list = matchMedia(query);
  const matches = signal(list.matches);
  list.addEventListener("change", () => {
    matches.value = list.matches;
  });
  return matches;
}
