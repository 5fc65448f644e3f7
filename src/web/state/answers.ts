// Asking and answering in the open conversations: what the buttons of the chat do.
// Owns: the answers that are coming, one a conversation, and putting them into their conversation when they end.
// Must not know: how a request is tried again, a view.

import { batch, computed, signal } from "@preact/signals";
import {
  append,
  type ChatMessage,
  type Conversation,
  cutForRegenerate,
  edit,
  newMessage,
  remove,
  replace,
  toMessages,
} from "../conversation.ts";
import { toBody } from "../settings.ts";
import { type Asking, startAsking } from "./asking.ts";
import { clearChats, current, deleteChat, findChat, storeMeanwhile, update } from "./chats.ts";
import { effectiveModel, loadModels, modelsError } from "./connection.ts";
import { notify } from "./notice.ts";
import { words } from "./words.ts";

/** An answer that is coming; its message will have this id. */
export interface Coming {
  readonly chatId: string;
  readonly message: ChatMessage;
  readonly asking: Asking;
}

/** A page may be closed, and a browser end, at any time. */
const STORED_EVERY_MS = 1500;

const coming = signal<readonly Coming[]>([]);
/** The answer that is coming in the open conversation. */
export const comingHere = computed(() => coming.value.find(({ chatId }) => findChat(chatId) === current.value));

/** The request for a conversation as it stands. */
export function bodyOf(conversation: Conversation) {
  const model = effectiveModel(conversation.settings.model)?.id ?? conversation.settings.model;
  return toBody({ ...conversation.settings, model }, toMessages(conversation));
}

/** Asks the question `text` in the open conversation. */
export function send(text: string): void {
  if (text.trim() === "" || comingHere.value !== undefined) return;
  answer(append(current.value, newMessage("user", text)));
}

/** Keeps what came. */
export function stop(): void {
  comingHere.value?.asking.stop();
}

/** Asks anew for the answer `id`, or for an answer to the question `id`. */
export function regenerate(id: string): void {
  dropComing(current.value.id);
  answer(cutForRegenerate(current.value, id));
}

/** Asks the question `id` with another text; what followed it is cut. */
export function resend(id: string, text: string): void {
  if (text.trim() === "") return;
  dropComing(current.value.id);
  answer(edit(current.value, id, text));
}

/** Deletes a message, and offers to bring it back. */
export function deleteMessage(id: string): void {
  const before = current.value;
  const at = before.messages.findIndex((message) => message.id === id);
  const message = before.messages[at];
  if (message === undefined) return;
  // The question of an answer that comes: nobody waits for that one any more.
  if (message === before.messages.at(-1)) dropComing(before.id);
  update(remove(before, id));
  const undo = () => {
    const now = findChat(before.id);
    if (now !== undefined) update({ ...now, messages: now.messages.toSpliced(at, 0, message) });
  };
  notify(words.messageDeleted, { label: words.undo, run: undo });
}

/** Deletes a conversation and the answer that comes in it. */
export async function dropChat(id: string): Promise<void> {
  dropComing(id);
  await deleteChat(id);
}

/** Deletes all of them. */
export async function dropChats(): Promise<void> {
  for (const { chatId } of coming.value) dropComing(chatId);
  await clearChats();
}

function answer(question: Conversation): void {
  update(question);
  const message = newMessage("assistant", "");
  const asking = startAsking(bodyOf(question));
  const entry = { chatId: question.id, message, asking };
  coming.value = [...coming.value, entry];
  const timer = setInterval(() => {
    storeMeanwhile(question.id, (chat) => withSoFar(chat, entry));
    // Another tab deleted the conversation.
    if (findChat(question.id) === undefined) asking.stop();
  }, STORED_EVERY_MS);
  void asking.finished.then(({ text, info }) => {
    clearInterval(timer);
    // The server is there after all.
    if (info.error === undefined && modelsError.value !== null) void loadModels();
    if (!coming.value.includes(entry)) return;
    batch(() => {
      coming.value = coming.value.filter((other) => other !== entry);
      // Not when it was deleted in the meantime.
      const chat = findChat(question.id);
      if (chat !== undefined) update(withAnswer(chat, { ...message, text, answer: info }));
    });
  });
}

/** With the answer at its end, or in the place of an earlier state of it. */
function withAnswer(chat: Conversation, message: ChatMessage): Conversation {
  const isThere = chat.messages.some(({ id }) => id === message.id);
  return isThere ? replace(chat, message.id, message) : append(chat, message);
}

function withSoFar(chat: Conversation, entry: Coming): Conversation {
  const { text, info } = entry.asking.soFar();
  if (text === "" || !coming.value.includes(entry)) return chat;
  return withAnswer(chat, { ...entry.message, text, answer: info });
}

/** The answer that comes in this conversation is not wanted any more. */
function dropComing(id: string): void {
  const dropped = coming.value.filter(({ chatId }) => findChat(chatId)?.id === id);
  coming.value = coming.value.filter((entry) => !dropped.includes(entry));
  for (const { asking } of dropped) asking.stop();
}
