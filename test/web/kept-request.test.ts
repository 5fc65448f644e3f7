// A request that is kept without its conversation, and made whole again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startDraft } from "../../src/web/answer.ts";
import {
  append,
  type Conversation,
  newConversation,
  newMessage,
  remove,
  toMessages,
} from "../../src/web/conversation.ts";
import { keepRequest, keepWholeRequest, restoreRequest } from "../../src/web/kept-request.ts";
import { DEFAULT_SETTINGS, toBody } from "../../src/web/settings.ts";
import { exportConversations } from "../../src/web/transfer.ts";

const settings = { ...DEFAULT_SETTINGS, model: "m", system: "Be brief", temperature: 0.5 };
const bodyOf = (chat: Conversation) => toBody(chat.settings, toMessages(chat));

/** A conversation of so many questions and answers, each of 1,000 characters. */
function talk(turns: number): Conversation {
  let chat = newConversation(settings, 1);
  for (let turn = 0; turn < turns; turn++) {
    chat = append(chat, newMessage("user", "q".repeat(1000)), 1);
    const answer = startDraft(bodyOf(chat), 0).end("done");
    chat = append(chat, newMessage("assistant", "a".repeat(1000), answer), 1);
  }
  return chat;
}

test("restoreRequest() gives back the request that keepRequest() took apart", () => {
  const asked = append(talk(2), newMessage("user", "And now?"), 1);
  const chat = append(asked, newMessage("assistant", ""), 1);
  const kept = keepRequest(bodyOf(asked));
  const before = chat.messages.slice(0, -1);
  const body = bodyOf(asked);
  assert.deepEqual(restoreRequest(kept, before), { body, isWhole: true });
  assert.equal(JSON.stringify(restoreRequest(kept, before)?.body), JSON.stringify(body), "the fields in their order");
  assert.deepEqual(keepWholeRequest(JSON.stringify(body)), kept);
});

test("a conversation twice as long takes twice the room, not four times", () => {
  const sizeOf = (turns: number) => exportConversations([talk(turns)]).length;
  assert.ok(sizeOf(40) < 2.1 * sizeOf(20), `${sizeOf(40)} characters, and ${sizeOf(20)} of half of it`);
});

test("restoreRequest() says when messages of the request are gone, and null where there is none", () => {
  const chat = talk(2);
  const { answer } = chat.messages[3]!;
  const left = remove(chat, chat.messages[0]!.id).messages.slice(0, 2);
  const restored = restoreRequest(answer!, left);
  assert.equal(restored?.isWhole, false);
  assert.deepEqual(
    restored.body.messages.map(({ role }) => role),
    ["system", "assistant", "user"],
  );
  for (const request of ["", "no JSON", "null", "5", "[]", '{"messages":{}}'])
    assert.equal(restoreRequest({ request, requestMessages: 0 }, []), null, request);
});
