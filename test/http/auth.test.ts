// The API key: who may come in, and what the others are told.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, fakeApp, ScriptedCompleter, says } from "../fakes/completer.ts";

const { app } = fakeApp({ env: { QWEN_EDGE_API_KEYS: "first-key, second-key" } });

async function status(headers: Readonly<Record<string, string>>, path = "/v1/models"): Promise<number> {
  return (await app.fetch(new Request(`http://edge.test${path}`, { headers }))).status;
}

test("requireKey() lets any configured key in, as a Bearer token or as x-api-key", async () => {
  for (const key of ["first-key", "second-key"]) {
    assert.equal(await status({ authorization: `Bearer ${key}` }), 200);
    assert.equal(await status({ authorization: `bearer ${key}` }), 200);
    assert.equal(await status({ "x-api-key": key }), 200);
  }
});

test("requireKey() refuses a missing, wrong, cut or longer key", async () => {
  assert.equal(await status({}), 401);
  for (const key of ["", "first-ke", "first-key2", "FIRST-KEY", "first-key, second-key"]) {
    assert.equal(await status({ authorization: `Bearer ${key}` }), 401, key);
    assert.equal(await status({ "x-api-key": key }), 401, key);
  }
  assert.equal(await status({ authorization: "Basic first-key" }), 401);
});

test("requireKey() answers in OpenAI's shape, without the key", async () => {
  const request = new Request("http://edge.test/v1/models", { headers: { authorization: "Bearer hunter2" } });
  const response = await app.fetch(request);
  assert.equal(response.headers.get("www-authenticate"), "Bearer");
  const { error } = (await response.json()) as { error: Record<string, unknown> };
  assert.deepEqual({ type: error.type, code: error.code }, { type: "authentication_error", code: "invalid_api_key" });
  assert.ok(!String(error.message).includes("hunter2"));
});

test("requireKey() leaves /health, unknown paths and preflights open", async () => {
  assert.equal(await status({}, "/health"), 200);
  assert.equal(await status({}, "/nowhere"), 404);
  const preflight = new Request("http://edge.test/v1/chat/completions", {
    method: "OPTIONS",
    headers: { origin: "https://page.test", "access-control-request-method": "POST" },
  });
  assert.equal((await app.fetch(preflight)).status, 204);
});

test("requireKey() gives the requests of one key one scope, of which nothing leads back to the key", async () => {
  const scopeOf = async (env: Readonly<Record<string, unknown>>, key?: string) => {
    const edge = new ScriptedCompleter(says("Hello"));
    const request = ask();
    if (key !== undefined) request.headers.set("authorization", `Bearer ${key}`);
    await fakeApp({ env, edge }).app.fetch(request);
    return edge.requests[0]?.scope;
  };
  const env = { QWEN_EDGE_API_KEYS: "first-key,second-key" };
  const scope = await scopeOf(env, "first-key");
  assert.equal(await scopeOf(env, "first-key"), scope);
  assert.notEqual(await scopeOf(env, "second-key"), scope);
  assert.match(scope ?? "", /^[\d.]{31,63}$/);
  // Without keys everybody is one; what they send as a key is not looked at.
  assert.equal(await scopeOf({}, "first-key"), await scopeOf({}));
  assert.notEqual(await scopeOf({}), undefined);
});
