// startDraft(): what is told beside an answer, as it grows and when it has ended.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Draft, startDraft, toAnswerError } from "../../src/web/answer.ts";
import { ApiError } from "../../src/web/api-error.ts";
import { DEFAULT_SETTINGS, toBody } from "../../src/web/settings.ts";

const BODY = toBody(DEFAULT_SETTINGS, [{ role: "user", content: "hi" }]);

/** A draft asked at 1000 with texts at 1200, 1300 and 1400. */
function threeTexts(): Draft {
  const draft = startDraft(BODY, 1000);
  draft.add({ kind: "open", route: "edge", model: "qwen" }, 1050);
  for (const [index, text] of ["a", "b", "c"].entries()) draft.add({ kind: "text", text }, 1200 + 100 * index);
  return draft;
}

test("startDraft() tells what it knows while the answer comes", () => {
  const draft = startDraft(BODY, 1000);
  const unknown = { promptTokens: null, completionTokens: null, cachedTokens: null, tokensPerSecond: null };
  assert.deepEqual(draft.info(), {
    ...unknown,
    model: null,
    route: null,
    finishReason: null,
    firstTokenMs: null,
    request: JSON.stringify({ ...BODY, messages: [] }),
    requestMessages: 1,
    response: "",
  });
  assert.equal(draft.text, "");
  const coming = threeTexts();
  assert.equal(coming.text, "abc");
  assert.partialDeepStrictEqual(coming.info(), {
    ...unknown,
    route: "edge",
    model: "qwen",
    firstTokenMs: 200,
    tokensPerSecond: 10,
  });
});

test("startDraft() takes the usage's tokens for the speed", () => {
  const draft = threeTexts();
  draft.add({ kind: "finish", reason: "stop" }, 1400);
  draft.add({ kind: "usage", promptTokens: 7, completionTokens: 5, cachedTokens: 2 }, 9000);
  const info = draft.end("done");
  assert.partialDeepStrictEqual(info, { promptTokens: 7, completionTokens: 5, cachedTokens: 2, tokensPerSecond: 20 });
  assert.equal(info.finishReason, "stop");
  assert.equal(info.error, undefined);
});

test("startDraft() gives no speed for one token, or for all at once", () => {
  const one = startDraft(BODY, 0);
  one.add({ kind: "text", text: "a" }, 5);
  assert.equal(one.info().tokensPerSecond, null);
  one.add({ kind: "text", text: "b" }, 5);
  assert.equal(one.info().tokensPerSecond, null);
});

test("end() tells how an answer ended", () => {
  assert.equal(threeTexts().end("stopped").finishReason, "stopped");
  const lost = new ApiError("interrupted", "Lost", { retryAfterSeconds: 3 });
  const error = { kind: "interrupted", code: null, message: "Lost", param: null, retryAfterSeconds: 3 };
  assert.deepEqual(threeTexts().end(lost).error, error);
  assert.equal(startDraft(BODY, 0).end("done").error?.kind, "empty");
  assert.equal(startDraft(BODY, 0).end("stopped").error, undefined);
});

test("end() tells who refused, and who made what came before an error", () => {
  const maker = { route: "origin", model: "big" } as const;
  const refusal = new ApiError("server", "Down", { code: "origin_unavailable", maker });
  assert.partialDeepStrictEqual(startDraft(BODY, 0).end(refusal), maker);
  assert.partialDeepStrictEqual(threeTexts().end(new ApiError("interrupted", "Lost")), {
    route: "edge",
    model: "qwen",
  });
});

test("toAnswerError() keeps what a server said, and nothing that the page says in its own words", () => {
  const error = { kind: "server", param: null, retryAfterSeconds: null } as const;
  const said = toAnswerError(new ApiError("server", "Down", { code: "origin_unavailable" }));
  assert.deepEqual(said, { ...error, code: "origin_unavailable", message: "Down" });
  const found = toAnswerError(new ApiError("server", "The answer is no JSON", { code: "odd_answer" }));
  assert.deepEqual(found, { ...error, code: "odd_answer", message: "" });
});

test("startDraft() keeps the two ends of a long raw response", () => {
  const draft = startDraft(BODY, 0);
  for (let i = 0; i < 5000; i++) draft.add({ kind: "raw", data: `line ${i}` }, i);
  draft.add({ kind: "raw", data: "y".repeat(100_000) }, 1);
  const { response } = draft.info();
  const lines = response.split("\n");
  assert.equal(lines[0], "line 0");
  assert.ok(lines.at(-1)?.startsWith("yyy"));
  assert.ok(response.length < 40_000);
  const gap = lines.findIndex((line) => line.startsWith("…"));
  const left = Number(/\d+/.exec(lines[gap]!)?.[0]);
  assert.equal(lines.length - 1 + left, 5001);
  assert.equal(lines[gap - 1], `line ${gap - 1}`);
});
