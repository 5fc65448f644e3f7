// The rules of a conversation: append, edit, remove, regenerate, titles, and what the API gets.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type AnswerInfo,
  append,
  type Conversation,
  contextUse,
  cutForRegenerate,
  edit,
  matches,
  newConversation,
  newId,
  newMessage,
  remove,
  replace,
  titleOf,
  toMessages,
  withTitle,
} from "../../src/web/conversation.ts";
import { DEFAULT_SETTINGS } from "../../src/web/settings.ts";

const ANSWER: AnswerInfo = {
  model: "m",
  route: "edge",
  finishReason: "stop",
  promptTokens: 20,
  completionTokens: 10,
  cachedTokens: 0,
  firstTokenMs: 1,
  tokensPerSecond: 1,
  request: "",
  requestMessages: 0,
  response: "",
};

/** Two questions with their answers: q1 a1 q2 a2, made at time 1. */
function talk(system = ""): Conversation {
  let conversation = newConversation({ ...DEFAULT_SETTINGS, system }, 1);
  for (const id of ["q1", "a1", "q2", "a2"]) {
    const role = id.startsWith("q") ? "user" : "assistant";
    const answer = role === "assistant" ? { answer: ANSWER } : {};
    conversation = append(conversation, { id, role, text: `text ${id}`, ...answer }, 1);
  }
  return conversation;
}

const ids = ({ messages }: Conversation) => messages.map(({ id }) => id).join(" ");

test("newId() gives ids that differ, of plain letters", () => {
  const some = new Set(Array.from({ length: 100 }, newId));
  assert.equal(some.size, 100);
  for (const id of some) assert.match(id, /^[0-9a-f]{32}$/);
});

test("append() adds a message, names the conversation by its first question, and leaves the old one as it was", () => {
  const empty = newConversation(DEFAULT_SETTINGS, 1);
  const greeted = append(empty, newMessage("assistant", "Welcome"), 2);
  assert.equal(greeted.title, "");
  const asked = append(greeted, newMessage("user", "\n  Why is\tthe sky blue?\nTell me."), 3);
  assert.equal(asked.title, "Why is the sky blue?");
  assert.equal(append(asked, newMessage("user", "More"), 4).title, "Why is the sky blue?");
  assert.equal(empty.messages.length, 0);
  assert.equal(asked.updated, 3);
  assert.equal(asked.created, 1);
});

test("edit() changes a question and cuts what follows", () => {
  const edited = edit(talk(), "q2", "new", 9);
  assert.equal(ids(edited), "q1 a1 q2");
  assert.equal(edited.messages[2]?.text, "new");
  assert.equal(edited.title, "text q1");
  assert.equal(edited.updated, 9);
});

test("edit() of the first question renames the conversation, unless a person named it", () => {
  assert.equal(edit(talk(), "q1", "new", 9).title, "new");
  assert.equal(edit(withTitle(talk(), "Mine"), "q1", "new", 9).title, "Mine");
});

test("remove() takes one message out", () => {
  assert.equal(ids(remove(talk(), "a1", 9)), "q1 q2 a2");
});

test("replace() puts a message in the place of another", () => {
  const grown = replace(talk(), "a1", { id: "a1", role: "assistant", text: "more" }, 9);
  assert.equal(ids(grown), "q1 a1 q2 a2");
  assert.equal(grown.messages[1]?.text, "more");
});

test("cutForRegenerate() leaves the question last, for the id of the answer and of the question", () => {
  assert.equal(ids(cutForRegenerate(talk(), "a1", 9)), "q1");
  assert.equal(ids(cutForRegenerate(talk(), "a2", 9)), "q1 a1 q2");
  assert.equal(ids(cutForRegenerate(talk(), "q2", 9)), "q1 a1 q2");
});

test("an unknown id changes nothing", () => {
  const before = talk();
  assert.equal(edit(before, "no", "x"), before);
  assert.equal(remove(before, "no"), before);
  assert.equal(cutForRegenerate(before, "no"), before);
});

test("titleOf() is short, of whole characters", () => {
  assert.equal(titleOf("  \n "), "");
  assert.equal(titleOf("a".repeat(60)), "a".repeat(60));
  assert.equal(titleOf("a".repeat(61)), `${"a".repeat(59)}…`);
  assert.equal(titleOf("😀".repeat(100)), `${"😀".repeat(59)}…`);
  assert.equal(titleOf(`a ${" ".repeat(10_000)} b`), "a b");
});

test("withTitle() gives an empty title that of the first question", () => {
  assert.equal(withTitle(talk(), " Mine ").title, "Mine");
  assert.equal(withTitle(talk(), " ").title, "text q1");
});

test("toMessages() has the system prompt first, and no answer without text", () => {
  const empty = newMessage("assistant", "");
  const conversation = append(append(talk("Be brief"), newMessage("user", "q3")), empty);
  assert.deepEqual(toMessages(conversation), [
    { role: "system", content: "Be brief" },
    { role: "user", content: "text q1" },
    { role: "assistant", content: "text a1" },
    { role: "user", content: "text q2" },
    { role: "assistant", content: "text a2" },
    { role: "user", content: "q3" },
  ]);
  assert.equal(toMessages(talk(" \n"))[0]?.role, "user");
});

test("contextUse() is what the last usage told, and an estimate of what has come since", () => {
  assert.deepEqual(contextUse(talk(), 60), { used: 30, limit: 60, share: 0.5, isEstimate: false });
  const more = contextUse(append(talk(), newMessage("user", "x".repeat(40))), 40);
  assert.equal(more.used, 30 + 10 + 5);
  assert.equal(more.isEstimate, true);
  assert.equal(more.share, 1);
  assert.deepEqual(contextUse(newConversation(DEFAULT_SETTINGS), null), {
    used: 0,
    limit: null,
    share: 0,
    isEstimate: false,
  });
});

test("contextUse() estimates the whole where no usage was told, Chinese by the character", () => {
  const conversation = append(
    newConversation({ ...DEFAULT_SETTINGS, system: "x".repeat(8) }),
    newMessage("user", "你好吗"),
  );
  assert.equal(contextUse(conversation, null).used, 2 + 5 + 3 + 5);
});

test("matches() finds all words in title and texts, in any case", () => {
  assert.equal(matches(talk(), ""), true);
  assert.equal(matches(talk(), "TEXT A2"), true);
  assert.equal(matches(talk(), "text a3"), false);
});
