// What the interface says of failures, in each of its languages.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PAGE_CODES } from "../../src/web/api-error.ts";
import type { AnswerError } from "../../src/web/conversation.ts";
import { tellFailure, tellImportFailure } from "../../src/web/failure.ts";
import { WORDS } from "../../src/web/language.ts";
import { importConversations, TransferError } from "../../src/web/transfer.ts";

const { en, zh } = WORDS;
const TIMEOUT: AnswerError = {
  kind: "server",
  code: "origin_timeout",
  message: "The origin is late",
  param: null,
  retryAfterSeconds: null,
};

test("tellFailure() has words for the code, and the server's text as the detail", () => {
  for (const words of [en, zh]) {
    const { title, detail } = tellFailure(TIMEOUT, words);
    assert.equal(title, words.errorCodes.origin_timeout);
    assert.equal(detail, "The origin is late");
    for (const code of PAGE_CODES) assert.notEqual(tellFailure({ ...TIMEOUT, code }, words).title, words.errors.server);
  }
});

test("tellFailure() has words for the kind, where the code is none that it knows", () => {
  for (const code of [null, "odd", "constructor", "__proto__"])
    assert.equal(tellFailure({ ...TIMEOUT, code }, zh).title, zh.errors.server);
  const invalid = tellFailure({ ...TIMEOUT, kind: "invalid", code: null, message: "Bad", param: "top_p" }, zh);
  assert.deepEqual(invalid, { title: zh.errors.invalid, detail: `Bad · ${zh.atFault("top_p")}` });
  assert.equal(tellFailure({ ...TIMEOUT, kind: "offline", code: null }, zh).detail, "");
});

test("tellImportFailure() says why in the interface's language, and where", () => {
  const failure = (text: string): TransferError => {
    try {
      importConversations(text);
    } catch (error) {
      if (error instanceof TransferError) return error;
    }
    assert.fail("the file is taken");
  };
  const damaged = failure('{"format":"qwen-edge-conversations","version":1,"conversations":[5]}');
  assert.equal(tellImportFailure(damaged, en), "The file could not be imported: it is damaged at conversations[0].");
  assert.equal(tellImportFailure(damaged, zh), "无法导入该文件：conversations[0] 处已损坏。");
  assert.equal(tellImportFailure(failure("<html>"), zh), zh.importErrors.foreign);
});
