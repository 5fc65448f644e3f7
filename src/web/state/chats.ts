// The conversations: those of this browser's history, and the one that is open.
// Owns: which one is open (its id stands in the address, so that a reload and the back button find it), storing each
// change, and what another tab changed. Must not know: how an answer comes, a view.

import { batch, computed, signal } from "@preact/signals";
import { type Conversation, newConversation } from "../conversation.ts";
import { type History, HistoryError, openHistory } from "../history.ts";
import { DEFAULT_SETTINGS } from "../settings.ts";
import { exportConversations, importConversations } from "../transfer.ts";
import { notify } from "./notice.ts";
import { words } from "./words.ts";

/** All that have a message, the last updated first. */
export const chats = signal<readonly Conversation[]>([]);
/** A new one, until a message makes it one of `chats`. */
const fresh = signal(newConversation(DEFAULT_SETTINGS));
const currentId = signal("");
export const current = computed(() => chats.value.find(({ id }) => id === currentId.value) ?? fresh.value);
export const historyPlace = signal<History["place"]>("browser");

let history: History;
/** Conversations that were renamed on storing, since another tab had changed them: old id to new. */
const renamed = new Map<string, string>();
let storing = Promise.resolve();
/** Those that the history could not store, most often since it is full. */
const unstored = new Set<string>();

/** Reads the history, and opens the conversation that the address names. */
export async function openChats(): Promise<void> {
  history = await openHistory(storageOf());
  history.watch(() => void reload());
  chats.value = await listStored();
  historyPlace.value = history.place;
  fresh.value = newConversation(chats.value[0]?.settings ?? DEFAULT_SETTINGS);
  openFromAddress();
  addEventListener("hashchange", openFromAddress);
}

export function findChat(id: string): Conversation | undefined {
  const known = latestId(id);
  return chats.value.find((chat) => chat.id === known) ?? (fresh.value.id === known ? fresh.value : undefined);
}

function latestId(id: string): string {
  const next = renamed.get(id);
  return next === undefined ? id : latestId(next);
}

/** Shows the next version of a conversation at once, and stores it. One without messages is not kept. */
export function update(next: Conversation): void {
  const id = latestId(next.id);
  const others = chats.value.filter((chat) => chat.id !== id);
  const known = chats.value.find((chat) => chat.id === id);
  if (known === undefined && next.messages.length === 0) {
    fresh.value = next;
    return;
  }
  batch(() => {
    const isOpen = current.value.id === id;
    chats.value = [{ ...next, id, revision: known?.revision ?? next.revision }, ...others];
    if (isOpen && known === undefined) {
      fresh.value = newConversation(next.settings);
      showInAddress(id, "replace");
    }
  });
  store(id);
}

/** An empty conversation with the settings of the open one. */
export function startChat(): void {
  if (current.value === fresh.value) return;
  batch(() => {
    fresh.value = newConversation(current.value.settings);
    if (currentId.value !== "") showInAddress("", "push");
  });
}

export async function deleteChat(id: string): Promise<void> {
  const settings = current.value.settings;
  batch(() => {
    chats.value = chats.value.filter((chat) => chat.id !== id);
    if (currentId.value === id) {
      fresh.value = newConversation(settings);
      showInAddress("", "replace");
    }
  });
  await inTurn(() => history.delete(id));
  // There may be room now.
  for (const waiting of unstored) store(waiting);
}

export async function clearChats(): Promise<void> {
  batch(() => {
    chats.value = [];
    fresh.value = newConversation(DEFAULT_SETTINGS);
    showInAddress("", "replace");
  });
  await inTurn(() => history.clear());
}

/** All conversations as a file's text. */
export function exportChats(): string {
  return exportConversations(chats.value);
}

/** Throws TransferError; gives how many were added, null when not all could be stored, which the person was told. */
export async function importChats(text: string): Promise<number | null> {
  const read = importConversations(text);
  let added: number | null = null;
  await inTurn(async () => {
    added = (await history.add(read)).length;
  });
  await reload();
  return added;
}

/** Stores a conversation with what of an answer has come by then; what is shown stays. */
export function storeMeanwhile(id: string, withAnswer: (chat: Conversation) => Conversation): void {
  // That it does not fit is said once.
  if (!unstored.has(id)) store(id, withAnswer);
}

function store(id: string, asStored = (chat: Conversation) => chat): void {
  void inTurn(async () => {
    const asked = findChat(id);
    unstored.delete(id);
    if (asked === undefined) return;
    unstored.add(id);
    const { id: newId, revision } = await history.put(asStored(asked));
    unstored.delete(id);
    if (newId !== asked.id) renamed.set(asked.id, newId);
    batch(() => {
      // What came in the meantime stays, made from the version that is stored now.
      chats.value = chats.value.map((chat) => (chat.id === asked.id ? { ...chat, id: newId, revision } : chat));
      if (newId !== asked.id && currentId.value === asked.id) showInAddress(newId, "replace");
    });
  });
}

/** Another tab changed something: shows what is stored, once what this tab changed is. */
async function reload(): Promise<void> {
  for (let stored = null; stored !== storing; ) {
    stored = storing;
    await stored;
    const list = await listStored();
    // A change that came while the list was read is stored first.
    if (stored === storing) chats.value = list;
  }
}

/** What is stored; when it cannot be read, the person is told, and what is shown stays. */
function listStored(): Promise<readonly Conversation[]> {
  return history.list().catch(() => {
    notify(words.historyUnreadable);
    return chats.value;
  });
}

/** One after the other: a version that is stored has to be made from the one that was stored before. */
function inTurn(action: () => Promise<unknown>): Promise<void> {
  storing = storing.then(action).then(
    () => undefined,
    (error: unknown) => {
      notify(error instanceof HistoryError && error.kind === "full" ? words.historyFull : words.historyFailed);
    },
  );
  return storing;
}

function openFromAddress(): void {
  const id = location.hash.slice(1);
  currentId.value = chats.value.some((chat) => chat.id === id) ? id : "";
}

function showInAddress(id: string, how: "push" | "replace"): void {
  const address = `${location.pathname}${location.search}${id === "" ? "" : `#${id}`}`;
  if (how === "push") globalThis.history.pushState(null, "", address);
  else globalThis.history.replaceState(null, "", address);
  currentId.value = id;
}

function storageOf(): IDBFactory | undefined {
  try {
    return globalThis.indexedDB;
  } catch {
    return undefined;
  }
}
