// A whole answer: plain when it comes soon; after line feeds when it does not, with the client's leaving noticed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { UnavailableError } from "../../src/errors.ts";
import { ask, fakeApp, ScriptedCompleter, says } from "../fakes/completer.ts";

const SLOW = { QWEN_EDGE_KEEP_ALIVE_MS: 10 };

test("wholeResponse() sends line feeds before an answer that takes long, and it is still JSON", async () => {
  const { app } = fakeApp({ edge: new ScriptedCompleter([{ waitMs: 100 }, ...says("late")]), env: SLOW });
  const response = await app.fetch(ask());
  assert.equal(response.headers.get("content-type"), "application/json");
  const text = await response.text();
  assert.match(text, /^\n{2,}\{/);
  assert.equal(JSON.parse(text).choices[0].message.content, "late");
});

test("wholeResponse() keeps the status of an error that comes soon", async () => {
  const { app } = fakeApp({ edge: new ScriptedCompleter([{ error: new UnavailableError("Gone") }]) });
  assert.equal((await app.fetch(ask())).status, 503);
});

test("wholeResponse() breaks off, when the answer fails after the first byte", async () => {
  const { app, log } = fakeApp({
    edge: new ScriptedCompleter([{ waitMs: 50 }, { error: new UnavailableError("Gone") }]),
    env: SLOW,
  });
  const response = await app.fetch(ask());
  assert.equal(response.status, 200);
  await assert.rejects(response.text(), /broke off/);
  assert.equal(log.length, 1);
});

test("wholeResponse() stops the work, when the client leaves and only the body's cancelling tells", async () => {
  const edge = new ScriptedCompleter([{ waitMs: 60_000 }, ...says("never")]);
  const { app, log } = fakeApp({ edge, env: SLOW });
  const response = await app.fetch(ask());
  await response.body?.cancel();
  await edge.aborted;
  assert.deepEqual(log, []);
});
