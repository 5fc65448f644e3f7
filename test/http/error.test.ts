// What HTTP and the log say of an error.

import assert from "node:assert/strict";
import { test } from "node:test";
import { BusyError, OriginError, RequestError, UnavailableError } from "../../src/errors.ts";
import { describeError, logError } from "../../src/http/error.ts";

test("describeError() is OpenAI's error object with what clients obey", () => {
  const wrong = describeError(new RequestError("Wrong", { param: "n", code: "c" }), "id");
  assert.deepEqual(wrong, {
    status: 400,
    headers: {},
    body: { error: { message: "Wrong", type: "invalid_request_error", param: "n", code: "c" } },
  });
  assert.deepEqual(describeError(new BusyError("Full", 0.2), "id").headers, { "retry-after": "1" });
  assert.deepEqual(describeError(new UnavailableError("Loading", 5), "id").headers, { "retry-after": "5" });
  // An origin may be back in a second, so a client may try again in its own time.
  assert.deepEqual(describeError(new OriginError("Down"), "id").headers, {});
});

test("describeError() tells only the request id, when the error is not ours", () => {
  for (const error of [new Error("secret"), "secret", null, undefined, { status: 400, message: "secret" }]) {
    const { status, headers, body } = describeError(error, "req_7");
    assert.equal(status, 500);
    assert.deepEqual(headers, { "x-should-retry": "false" });
    assert.ok(body.error.message.includes("req_7"));
    assert.ok(!JSON.stringify(body).includes("secret"));
  }
});

test("logError() logs where a fault was made and its causes, without foreign messages", () => {
  const lines: Readonly<Record<string, unknown>>[] = [];
  const cause = new SyntaxError('Unexpected token, "secret prompt" is not valid JSON\n at secret');
  logError(new OriginError("The origin answered nonsense", { cause }), "req_7", (line) => lines.push(line));
  logError(new RequestError("Wrong"), "req_8", (line) => lines.push(line));
  assert.equal(lines.length, 1);
  const text = JSON.stringify(lines);
  assert.match(text, /req_7.*OriginError.*answered nonsense.*SyntaxError.*error\.test\.ts/);
  assert.ok(!text.includes("secret prompt"));
});

test("logError() stops, when causes form a ring", () => {
  const first = new Error("a");
  first.cause = first;
  const lines: unknown[] = [];
  logError(first, "req_7", (line) => lines.push(line));
  assert.equal(lines.length, 1);
});
