// The conversations of this browser: starting, finding, opening, renaming and deleting them, and taking them along.
// Owns: the list and what lies around it. Must not know: what a conversation looks like when it is open.

import { useSignal } from "@preact/signals";
import { type Conversation, matches, withTitle } from "../conversation.ts";
import { tellImportFailure } from "../failure.ts";
import { dropChat, dropChats } from "../state/answers.ts";
import { chats, current, exportChats, historyPlace, importChats, startChat, update } from "../state/chats.ts";
import { notify } from "../state/notice.ts";
import { confirmation, isNarrow, isSidebarOpen, tab } from "../state/panels.ts";
import { words } from "../state/words.ts";
import { TransferError } from "../transfer.ts";
import { IconButton } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { pickText, saveText } from "./files.ts";
import { rescueFocus } from "./focus.ts";
import { Icon } from "./icon.tsx";
import { isEnter } from "./keys.ts";

export function Sidebar() {
  if (!isSidebarOpen.value) return null;
  if (!isNarrow.value) return <Conversations />;
  return (
    <Dialog label={words.conversations} place="start" onClose={closeOverlay}>
      <Conversations />
    </Dialog>
  );
}

function closeOverlay(): void {
  if (isNarrow.value) isSidebarOpen.value = false;
}

function Conversations() {
  const query = useSignal("");
  const found = chats.value.filter((chat) => matches(chat, query.value));
  const start = () => {
    tab.value = "chat";
    startChat();
    closeOverlay();
  };
  return (
    <nav class="sidebar" aria-label={words.conversations}>
      <div class="brand">
        <img src="./favicon.svg" alt="" width={26} height={26} />
        <span>{words.appName}</span>
        {isNarrow.value && <IconButton icon="close" label={words.closeSidebar} onClick={closeOverlay} />}
      </div>
      <button type="button" class="button new-chat" onClick={start}>
        <Icon name="plus" />
        {words.newChat}
      </button>
      <div class="search">
        <Icon name="search" />
        <input
          type="search"
          aria-label={words.searchConversations}
          placeholder={words.searchConversations}
          value={query.value}
          onInput={(event) => {
            query.value = event.currentTarget.value;
          }}
        />
      </div>
      <div class="chats">
        {found.length === 0 && (
          <p class="quiet">{chats.value.length === 0 ? words.noConversations : words.nothingFound}</p>
        )}
        {byAge(found).map(({ age, list }) => (
          <section key={age} aria-label={words[age]}>
            <h2>{words[age]}</h2>
            <ul>
              {list.map((chat) => (
                <Entry key={chat.id} chat={chat} />
              ))}
            </ul>
          </section>
        ))}
      </div>
      <Transfer />
    </nav>
  );
}

function Entry({ chat }: { chat: Conversation }) {
  const isRenaming = useSignal(false);
  const title = chat.title || words.untitled;
  const stopRenaming = () => {
    isRenaming.value = false;
    rescueFocus(() => document.querySelector(`nav a[href="#${chat.id}"]`));
  };
  const rename = (name: string) => {
    stopRenaming();
    if (name.trim() !== chat.title) update(withTitle(chat, name));
  };
  const confirmDelete = () => {
    confirmation.value = {
      question: words.confirmDelete(title),
      action: words.deleteConversation,
      run: () => void dropChat(chat.id),
    };
  };
  if (isRenaming.value) {
    return (
      <li>
        <input
          class="rename"
          aria-label={words.rename}
          dir="auto"
          ref={selectAll}
          defaultValue={chat.title}
          onBlur={(event) => isRenaming.peek() && rename(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (isEnter(event)) rename(event.currentTarget.value);
            if (event.key !== "Escape") return;
            event.preventDefault();
            event.stopPropagation();
            stopRenaming();
          }}
        />
      </li>
    );
  }
  const isOpen = chat === current.value && tab.value === "chat";
  return (
    <li class={isOpen ? "entry open" : "entry"}>
      <a
        href={`#${chat.id}`}
        dir="auto"
        aria-current={isOpen ? "page" : undefined}
        onClick={() => {
          tab.value = "chat";
          closeOverlay();
        }}
      >
        {title}
      </a>
      <IconButton
        icon="pencil"
        label={words.rename}
        onClick={() => {
          isRenaming.value = true;
        }}
      />
      <IconButton icon="trash" label={words.deleteConversation} onClick={confirmDelete} />
    </li>
  );
}

/** Once: the same function at each drawing is not called anew. */
function selectAll(input: HTMLInputElement | null): void {
  input?.select();
}

function Transfer() {
  const save = () => saveText("qwen-edge-conversations.json", exportChats());
  const load = async () => {
    try {
      const text = await pickText();
      const count = text === null ? null : await importChats(text);
      if (count !== null) notify(words.imported(count));
    } catch (error) {
      notify(error instanceof TransferError ? tellImportFailure(error, words) : words.importFailed);
    }
  };
  const confirmClear = () => {
    confirmation.value = { question: words.confirmClear, action: words.clearAll, run: () => void dropChats() };
  };
  const isEmpty = chats.value.length === 0;
  return (
    <div class="transfer">
      {historyPlace.value === "memory" && <p class="quiet">{words.historyInMemory}</p>}
      <button type="button" class="quiet-button" onClick={save} disabled={isEmpty}>
        <Icon name="download" />
        {words.exportAll}
      </button>
      <button type="button" class="quiet-button" onClick={load}>
        <Icon name="upload" />
        {words.importFile}
      </button>
      <button type="button" class="quiet-button" onClick={confirmClear} disabled={isEmpty}>
        <Icon name="trash" />
        {words.clearAll}
      </button>
    </div>
  );
}

const DAY_MS = 24 * 3600 * 1000;

function byAge(list: readonly Conversation[]) {
  const midnight = new Date().setHours(0, 0, 0, 0);
  const ageOf = ({ updated }: Conversation) => {
    if (updated >= midnight) return "today" as const;
    return updated >= midnight - 6 * DAY_MS ? ("thisWeek" as const) : ("earlier" as const);
  };
  return (["today", "thisWeek", "earlier"] as const)
    .map((age) => ({ age, list: list.filter((chat) => ageOf(chat) === age) }))
    .filter(({ list }) => list.length > 0);
}
