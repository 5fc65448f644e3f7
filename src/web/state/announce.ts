// What a screen reader hears of an answer that comes: its sentences as they are finished, at most every two seconds.
// Owns: the pace, and what is left out of a text when it is spoken. Must not know: a view.

import { effect } from "@preact/signals";
import { type Coming, comingHere } from "./answers.ts";
import { current, findChat } from "./chats.ts";
import { isComparing } from "./compare.ts";
import { announcement } from "./notice.ts";
import { words } from "./words.ts";

const EVERY_MS = 2000;
/** A sentence that has ended, in Latin, Arabic and Chinese script, or a line. */
const SENTENCE_END = /[.!?؟](?=\s)|[。！？\n]/g;

/** Goes on for as long as the page lives. */
export function announceAnswers(): void {
  effect(() => {
    const coming = comingHere.value;
    if (coming !== undefined) return announce(coming);
  });
  // Two at once would be heard as one muddle: only that they come, and that both have.
  effect(() => {
    if (!isComparing.value) return;
    announcement.value = words.answering;
    return () => {
      announcement.value = words.answerDone;
    };
  });
}

/** Gives the way to fall silent: the answer ended, or another conversation was opened. */
function announce({ chatId, asking: { text, finished } }: Coming): () => void {
  let spoken = 0;
  announcement.value = words.answering;
  const timer = setInterval(() => {
    const ended = [...text.peek().slice(spoken).matchAll(SENTENCE_END)].at(-1);
    if (ended === undefined) return;
    const end = spoken + ended.index + 1;
    announcement.value = speakable(text.peek().slice(spoken, end));
    spoken = end;
  }, EVERY_MS);
  void finished.then(({ text, info }) => {
    if (findChat(chatId) !== current.peek()) return;
    const last = info.finishReason === "stopped" ? words.answerStopped : words.answerDone;
    if (info.error === undefined) announcement.value = `${speakable(text.slice(spoken))} ${last}`;
  });
  return () => clearInterval(timer);
}

/** Without the marks of Markdown, which would be read out. */
function speakable(text: string): string {
  return text
    .replace(/[*_`#>|]+/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}
