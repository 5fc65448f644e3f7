// The page as a whole: what stands where, and the keys that work everywhere.
// Owns: the landmarks. Must not know: what is in them.

import { useEffect } from "preact/hooks";
import { comingHere, stop } from "../state/answers.ts";
import { current, startChat } from "../state/chats.ts";
import { isComparing, stopBoth } from "../state/compare.ts";
import { announcement } from "../state/notice.ts";
import { confirmation, openDialogs, tab } from "../state/panels.ts";
import { words } from "../state/words.ts";
import { Chat } from "./chat.tsx";
import { Compare } from "./compare.tsx";
import { Dialog } from "./dialog.tsx";
import { COMPOSER_ID, PANEL_ID, rescueFocus } from "./focus.ts";
import { Notices } from "./notice.tsx";
import { RawDialog } from "./raw.tsx";
import { SettingsPanel } from "./settings.tsx";
import { Sidebar } from "./sidebar.tsx";
import { Tokenizer } from "./tokenizer.tsx";
import { TopBar } from "./top-bar.tsx";

export function App() {
  useEffect(() => {
    document.addEventListener("keydown", onKeyDown);
  }, []);
  const title = tab.value === "chat" ? current.value.title : words[tab.value];
  useEffect(() => {
    document.title = title === "" ? words.appName : `${title} · ${words.appName}`;
  }, [title]);
  return (
    <div class="app">
      <a class="skip" href={`#${COMPOSER_ID}`} onClick={skip}>
        {words.skipToMessage}
      </a>
      <Sidebar />
      <main>
        <h1 class="visually-hidden">{title || words.newChat}</h1>
        <TopBar />
        <div class="panel" role="tabpanel" id={PANEL_ID} tabIndex={-1} aria-labelledby={`tab-${tab.value}`}>
          {tab.value === "chat" && <Chat />}
          {tab.value === "compare" && <Compare />}
          {tab.value === "tokenizer" && <Tokenizer />}
        </div>
        <div class="visually-hidden" role="log" aria-live="polite" aria-relevant="additions text">
          {announcement.value}
        </div>
        {openDialogs.value === 0 && <Notices />}
      </main>
      <SettingsPanel />
      <RawDialog />
      <Confirm />
    </div>
  );
}

function onKeyDown(event: KeyboardEvent): void {
  // A dialog has its own keys, and so has an input method.
  if (openDialogs.value > 0 || event.isComposing) return;
  if (event.key === "Escape" && !event.defaultPrevented) {
    if (tab.value === "chat" && comingHere.value !== undefined) stop();
    if (tab.value === "compare" && isComparing.value) stopBoth();
  }
  if (event.key.toLowerCase() === "o" && event.shiftKey && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    tab.value = "chat";
    startChat();
    document.getElementById(COMPOSER_ID)?.focus();
  }
}

/** The address stays that of the open conversation. */
function skip(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>("main textarea")?.focus();
}

function Confirm() {
  if (confirmation.value === null) return null;
  const { question, action, run } = confirmation.value;
  const close = () => {
    confirmation.value = null;
  };
  return (
    <Dialog label={question} place="center" onClose={close}>
      <p class="confirm">{question}</p>
      <div class="confirm-actions">
        <button type="button" class="button" onClick={close}>
          {words.cancel}
        </button>
        <button
          type="button"
          class="button danger"
          onClick={() => {
            close();
            run();
            rescueFocus();
          }}
        >
          {action}
        </button>
      </div>
    </Dialog>
  );
}
