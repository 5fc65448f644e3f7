// listModels(), health(), tokenize() and the errors of the API, against a real server.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionOf, health, listModels, tokenize } from "../../src/web/api.ts";
import { ApiError, readErrorResponse } from "../../src/web/api-error.ts";
import { serve } from "./server.ts";

const json = { "content-type": "application/json" };

test("connectionOf() is where the page is, without what follows the last slash", () => {
  assert.equal(connectionOf("http://h:8787/", "").base, "http://h:8787");
  assert.equal(connectionOf("https://h/ai/index.html?x#y", "").base, "https://h/ai");
  assert.deepEqual(connectionOf("https://h/", "k"), { base: "https://h", apiKey: "k" });
});

test("listModels() sends the key and reads route and context, of this service and of others", async (t) => {
  let key: string | undefined;
  const base = await serve(t, (request, response) => {
    key = request.headers.authorization;
    const data = [
      {
        id: "a",
        owned_by: "qwen-edge",
        max_model_len: 2048,
        quant: "q8",
        meta: { route: "edge", context_length: 1024 },
      },
      { id: "b", owned_by: "qwen-edge", max_model_len: 512 },
      { id: "c", owned_by: "origin", meta: { route: "origin", context_length: null } },
      { id: 7 },
      null,
    ];
    response.writeHead(200, json).end(JSON.stringify({ object: "list", data }));
  });
  assert.deepEqual(await listModels({ base, apiKey: "secret" }), [
    { id: "a", route: "edge", contextLength: 1024, quant: "q8" },
    { id: "b", route: "edge", contextLength: 512, quant: null },
    { id: "c", route: "origin", contextLength: null, quant: null },
  ]);
  assert.equal(key, "Bearer secret");
});

test("listModels() says offline when nothing answers, and server when it is another kind of server", async (t) => {
  await assert.rejects(listModels({ base: "http://127.0.0.1:1", apiKey: "" }), { name: "ApiError", kind: "offline" });
  const base = await serve(t, (_, response) => response.end("<h1>Welcome</h1>"));
  await assert.rejects(listModels({ base, apiKey: "" }), { kind: "server", code: "odd_answer" });
});

test("listModels() takes no key that a header cannot carry for a network that is down", async () => {
  await assert.rejects(listModels({ base: "http://127.0.0.1:1", apiKey: "ключ" }), {
    kind: "unauthorized",
    code: "odd_key",
  });
});

test("listModels() rejects with the signal's reason when it is aborted", async () => {
  const reason = new Error("gone");
  const signal = AbortSignal.abort(reason);
  await assert.rejects(listModels({ base: "http://127.0.0.1:1", apiKey: "" }, signal), reason);
});

test("health() reads the states of llama-server's shape, and throws for anything else", async (t) => {
  const answers: [number, object][] = [
    [200, { status: "ok" }],
    [503, { error: { code: 503, message: "Loading model" }, status: "loading", progress: 0.25 }],
    [503, { error: { code: 503, message: "The model failed to load: no file" }, status: "failed", progress: 0 }],
    [503, { error: { message: "Loading model" } }],
    [404, {}],
  ];
  const base = await serve(t, (_, response) => {
    const [status, body] = answers.shift()!;
    response.writeHead(status, json).end(JSON.stringify(body));
  });
  const connection = { base, apiKey: "" };
  assert.deepEqual(await health(connection), { state: "ready", progress: 1, reason: null });
  assert.deepEqual(await health(connection), { state: "loading", progress: 0.25, reason: null });
  const failed = { state: "failed", progress: null, reason: "The model failed to load: no file" };
  assert.deepEqual(await health(connection), failed);
  assert.deepEqual(await health(connection), { state: "loading", progress: null, reason: null });
  await assert.rejects(health(connection), { kind: "invalid", status: 404 });
});

test("tokenize() gives texts, and bytes in hexadecimal where they are no characters", async (t) => {
  let asked: unknown;
  const base = await serve(t, (_, response, body) => {
    asked = JSON.parse(body);
    const tokens = [
      { id: 1, piece: "a" },
      { id: 2, piece: [0xe4, 0xb] },
    ];
    response.writeHead(200, json).end(JSON.stringify({ tokens }));
  });
  const tokens = await tokenize({ base, apiKey: "" }, "a你");
  assert.deepEqual(asked, { content: "a你", with_pieces: true });
  assert.deepEqual(tokens, [
    { id: 1, piece: "a", isBytes: false },
    { id: 2, piece: "e4 0b", isBytes: true },
  ]);
});

test("tokenize() refuses tokens without pieces", async (t) => {
  const base = await serve(t, (_, response) => response.writeHead(200, json).end('{"tokens":[1,2]}'));
  await assert.rejects(tokenize({ base, apiKey: "" }, "a"), { kind: "server", code: "odd_answer" });
});

test("readErrorResponse() tells who refused, where the service says so", () => {
  const headers = { "x-qwen-edge-route": "origin", "x-qwen-edge-model": "gro%C3%9F" };
  const { code, maker } = readErrorResponse(new Response(null, { status: 502, headers }), '{"error":{"code":"c"}}');
  assert.deepEqual({ code, maker }, { code: "c", maker: { route: "origin", model: "groß" } });
  const other = readErrorResponse(new Response(null, { status: 502 }), "");
  assert.deepEqual(other.maker, { route: null, model: null });
});

test("readErrorResponse() tells errors apart by what a person can do", () => {
  const read = (status: number, headers: Record<string, string>, body: unknown = {}) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const error = readErrorResponse(new Response(null, { status, headers }), text, 0);
    assert.ok(error instanceof ApiError);
    return { kind: error.kind, wait: error.retryAfterSeconds, message: error.message, param: error.param };
  };
  const proxy = "<html>Bad gateway</html>";
  const answered = (status: number) => `HTTP ${status}`;
  const plain = { wait: null, param: null };
  assert.deepEqual(read(401, {}, { error: { message: "No key" } }), {
    ...plain,
    kind: "unauthorized",
    message: "No key",
  });
  assert.deepEqual(read(502, {}, proxy), { ...plain, kind: "server", message: answered(502) });
  assert.deepEqual(read(503, {}, proxy), { ...plain, kind: "server", message: answered(503) });
  assert.deepEqual(read(400, {}, { error: { message: "Bad", param: "top_p" } }), {
    ...plain,
    kind: "invalid",
    message: "Bad",
    param: "top_p",
  });
  assert.deepEqual(read(422, {}, { detail: "Bad" }).message, "Bad");
  assert.deepEqual(read(503, { "retry-after": "2" }), { ...plain, wait: 2, kind: "loading", message: answered(503) });
  assert.deepEqual(read(429, { "retry-after": "Thu, 01 Jan 1970 00:00:30 GMT" }).wait, 30);
  assert.deepEqual(read(429, { "retry-after-ms": "1500", "retry-after": "9" }).wait, 2);
  assert.deepEqual(read(429, { "retry-after": "999999999" }).wait, 3600);
  assert.deepEqual(read(429, { "retry-after": "soon" }).wait, null);
  assert.equal(read(500, {}, { error: { message: "x".repeat(1000) } }).message.length, 501);
});
