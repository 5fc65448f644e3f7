// The line on top: the model, the tabs, how much of the context is used, the settings.
// Owns: their order. Must not know: what the tabs show.

import { withSettings } from "../conversation.ts";
import { type Settings, toForm } from "../settings.ts";
import { current, startChat, update } from "../state/chats.ts";
import { areSettingsOpen, isSidebarOpen, openSettings, TABS, type Tab, tab } from "../state/panels.ts";
import { words } from "../state/words.ts";
import { IconButton } from "./button.tsx";
import { ContextGauge } from "./context.tsx";
import { ModelSelect } from "./model-select.tsx";

export function TopBar() {
  const chat = current.value;
  const choose = (model: string) => update(withSettings(chat, { ...chat.settings, model }));
  const start = () => {
    tab.value = "chat";
    startChat();
  };
  return (
    <header class="top-bar">
      <div class="top-start">
        <IconButton
          icon="panel"
          label={isSidebarOpen.value ? words.closeSidebar : words.openSidebar}
          isExpanded={isSidebarOpen.value}
          onClick={() => {
            isSidebarOpen.value = !isSidebarOpen.value;
          }}
        />
        {tab.value === "chat" && <ModelSelect label={words.model} value={chat.settings.model} onChoose={choose} />}
      </div>
      <Tabs />
      <div class="top-end">
        {tab.value === "chat" && <ContextGauge />}
        {!isSidebarOpen.value && <IconButton icon="plus" label={words.newChat} onClick={start} />}
        <IconButton
          icon="settings"
          class={isAnySet(chat.settings) ? "marked" : ""}
          label={words.settings}
          isExpanded={areSettingsOpen.value}
          onClick={() => {
            if (areSettingsOpen.value) areSettingsOpen.value = false;
            else openSettings();
          }}
        />
      </div>
    </header>
  );
}

/** Whoever forgot what was set in an earlier chat sees that something is. */
function isAnySet(settings: Settings): boolean {
  return Object.entries(toForm(settings)).some(([field, text]) => field !== "model" && text !== "");
}

function Tabs() {
  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const next = TABS.at((TABS.indexOf(tab.value) + step) % TABS.length)!;
    tab.value = next;
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" onKeyDown={move}>
      {TABS.map((name: Tab) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`tab-${name}`}
          aria-selected={tab.value === name}
          aria-controls="panel"
          tabIndex={tab.value === name ? 0 : -1}
          onClick={() => {
            tab.value = name;
          }}
        >
          {words[name]}
        </button>
      ))}
    </div>
  );
}
