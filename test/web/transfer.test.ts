// Export and import: what comes back, and what is refused, field by field.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startDraft } from "../../src/web/answer.ts";
import { ApiError } from "../../src/web/api-error.ts";
import { append, newConversation, newMessage } from "../../src/web/conversation.ts";
import { DEFAULT_SETTINGS, toBody } from "../../src/web/settings.ts";
import { exportConversations, importConversations, TransferError } from "../../src/web/transfer.ts";

const settings = { ...DEFAULT_SETTINGS, temperature: 0.5, stop: ["x"] };
const answer = startDraft(toBody(settings, []), 0).end(new ApiError("busy", "Full", { retryAfterSeconds: 1 }));
const question = append(newConversation(settings, 1), newMessage("user", "Why? 你好 \u2028"), 2);
const conversation = append(question, newMessage("assistant", "Because", answer), 3);

/** The exported file with the value at a path (`conversations.0.title`) replaced. */
function damaged(path: string, value: unknown): string {
  const file = JSON.parse(exportConversations([conversation]));
  const steps = path.split(".");
  const last = steps.pop()!;
  let at = file;
  for (const step of steps) at = at[step];
  at[last] = value;
  return JSON.stringify(file);
}

test("importConversations() gives back what exportConversations() wrote", () => {
  assert.deepEqual(importConversations(exportConversations([conversation, question])), [conversation, question]);
  assert.deepEqual(importConversations(`\ufeff${exportConversations([])}`), []);
});

test("importConversations() drops unknown fields and the revision of another browser", () => {
  const [imported] = importConversations(damaged("conversations.0.revision", "abc"));
  assert.equal(imported?.revision, "");
  assert.deepEqual(importConversations(damaged("conversations.0.extra", 1)), [conversation]);
});

test("importConversations() takes answers of earlier versions, which had the whole request and no error code", () => {
  const file = JSON.parse(exportConversations([conversation]));
  const { answer } = file.conversations[0].messages[1];
  const body = { model: "m", messages: [{ role: "system", content: "s" }, { role: "user", content: "q" }, null] };
  delete answer.requestMessages;
  delete answer.error.code;
  answer.request = JSON.stringify(body);
  const read = () => importConversations(JSON.stringify(file))[0]?.messages[1]?.answer;
  const request = JSON.stringify({ ...body, messages: body.messages.slice(0, 1) });
  assert.partialDeepStrictEqual(read(), { request, requestMessages: 2, error: { code: null } });
  answer.request = "no JSON";
  assert.partialDeepStrictEqual(read(), { request: "no JSON", requestMessages: 0 });
});

test("importConversations() refuses what is no export, and says so", () => {
  assert.throws(() => importConversations("<html>"), /^TransferError: The file is no JSON/);
  for (const text of ["<html>", "[]", "null", "{}"])
    assert.throws(() => importConversations(text), { name: "TransferError", kind: "foreign", path: "" });
  assert.throws(() => importConversations("{}"), /expected the format qwen-edge-conversations/);
  assert.throws(() => importConversations(damaged("version", 2)), { kind: "version", message: /another version/ });
  assert.throws(() => importConversations(" ".repeat(2 ** 27 + 1)), { kind: "large" });
});

test("importConversations() refuses every field out of its bounds, and names it", () => {
  const wrong: Readonly<Record<string, readonly unknown[]>> = {
    conversations: [null, {}, "x"],
    "conversations.0": [null, 1, []],
    "conversations.0.id": ["", "a b", "<b>", "x".repeat(65), 1],
    "conversations.0.title": [null, "x".repeat(1001)],
    "conversations.0.created": [-1, "1", 1e16],
    "conversations.0.updated": [null],
    "conversations.0.revision": [1],
    "conversations.0.settings": [undefined, []],
    "conversations.0.settings.temperature": [3, "1"],
    "conversations.0.settings.topK": [0.5],
    "conversations.0.settings.stop": [null, [1], Array(17).fill("x")],
    "conversations.0.messages": [{}, null],
    "conversations.0.messages.0.role": ["system", "__proto__"],
    "conversations.0.messages.0.text": [null, 5],
    "conversations.0.messages.1.answer": [null, "x"],
    "conversations.0.messages.1.answer.route": ["moon"],
    "conversations.0.messages.1.answer.promptTokens": [-1, "5"],
    "conversations.0.messages.1.answer.response": [undefined],
    "conversations.0.messages.1.answer.requestMessages": [-1, null, "1"],
    "conversations.0.messages.1.answer.error.kind": ["odd"],
    "conversations.0.messages.1.answer.error.code": [7],
  };
  for (const [path, values] of Object.entries(wrong)) {
    const name = path.replace(/\.(\d+)/g, "[$1]");
    for (const value of values) {
      assert.throws(
        () => importConversations(damaged(path, value)),
        (error) => error instanceof TransferError && error.kind === "damaged" && error.path.startsWith(name),
        `${path} = ${JSON.stringify(value)}`,
      );
    }
  }
});
