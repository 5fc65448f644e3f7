// Two models, asked the same: each side is a conversation of its own, which lives as long as the page.
// Owns: both sides and asking them at once. Must not know: the history, a view.

import { computed, type Signal, signal } from "@preact/signals";
import { append, type Conversation, newConversation, newMessage, toMessages, withSettings } from "../conversation.ts";
import { DEFAULT_SETTINGS, toBody } from "../settings.ts";
import { type Asking, startAsking } from "./asking.ts";
import { current } from "./chats.ts";
import { effectiveModel, models } from "./connection.ts";

export interface Side {
  /** As chosen; "" until then. */
  readonly chosen: Signal<string>;
  readonly conversation: Signal<Conversation>;
  /** The answer that is coming. */
  readonly asking: Signal<Asking | null>;
}

export const sides: readonly [Side, Side] = [newSide(), newSide()];
export const isComparing = computed(() => sides.some(({ asking }) => asking.value !== null));

/** The first side takes the model of the open conversation until another is chosen, the second the next one. */
export function modelOf(side: Side): string {
  if (side.chosen.value !== "") return side.chosen.value;
  const first = effectiveModel(current.value.settings.model)?.id ?? "";
  if (side === sides[0]) return first;
  return models.value.find(({ id }) => id !== first)?.id ?? first;
}

/** Asks both, with the settings of the open conversation. */
export function askBoth(text: string): void {
  if (text.trim() === "" || isComparing.value) return;
  for (const side of sides) ask(side, text);
}

export function stopBoth(): void {
  for (const { asking } of sides) asking.value?.stop();
}

export function startOver(): void {
  for (const { conversation, asking } of sides) {
    asking.value?.stop();
    asking.value = null;
    conversation.value = newConversation(DEFAULT_SETTINGS);
  }
}

/** Asks one side anew for its last answer. */
export function askAgain(side: Side): void {
  const { messages } = side.conversation.value;
  const text = messages.at(-2)?.text ?? "";
  side.conversation.value = { ...side.conversation.value, messages: messages.slice(0, -2) };
  ask(side, text);
}

function ask(side: Side, text: string): void {
  const { conversation, asking } = side;
  const settings = { ...current.value.settings, model: modelOf(side) };
  const question = append(withSettings(conversation.value, settings), newMessage("user", text));
  conversation.value = question;
  const running = startAsking(toBody(settings, toMessages(question)));
  asking.value = running;
  void running.finished.then(({ text, info }) => {
    if (asking.value !== running) return;
    asking.value = null;
    conversation.value = append(question, newMessage("assistant", text, info));
  });
}

function newSide(): Side {
  return { chosen: signal(""), conversation: signal(newConversation(DEFAULT_SETTINGS)), asking: signal(null) };
}
