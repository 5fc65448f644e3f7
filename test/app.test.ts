// The routes as a whole: the table, what is not in it, health, models, text tools, and mounting in another app.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Hono } from "hono";
import { brokenApp } from "../src/app.ts";
import type { Completer, Status } from "../src/completer.ts";
import { ConfigError, UnavailableError } from "../src/errors.ts";
import { ask, fakeApp, post, READY, ScriptedCompleter, says } from "./fakes/completer.ts";
import { frames } from "./fakes/sse.ts";

const ORIGINS = JSON.stringify({
  "qwen2.5-7b-instruct": {
    baseUrl: "http://gpu.internal:8000/v1",
    model: "Qwen/Qwen2.5-7B-Instruct",
    keySecret: "GPU_KEY",
  },
  "Qwen/*": { baseUrl: "http://gpu.internal:8000/v1" },
});
const ENV = { QWEN_EDGE_ORIGINS: ORIGINS, GPU_KEY: "hunter2", QWEN_EDGE_MODEL_ALIASES: "default" };

function request(method: string, path: string, headers: Readonly<Record<string, string>> = {}): Request {
  return new Request(`http://edge.test${path}`, { method, headers });
}

test("createApp() routes each path and method of the table, and no other", async () => {
  const { app } = fakeApp({ env: ENV });
  const reading = "GET, HEAD, OPTIONS";
  const writing = "POST, OPTIONS";
  const table: [path: string, allow: string | null][] = [
    ["/v1/chat/completions", writing],
    ["/v1/models", reading],
    ["/v1/models/tiny", reading],
    ["/v1/models/Qwen/Qwen2.5-72B", reading],
    ["/v1/models/Qwen%2FQwen2.5-72B", reading],
    ["/health", reading],
    ["/tokenize", writing],
    ["/detokenize", writing],
    ["/apply-template", writing],
    ["/", null],
    ["/v1", null],
    ["/v1/models/", null],
    ["/v1/chat", null],
    ["/v1/completions", null],
    ["/healthz", null],
    ["//health", null],
  ];
  for (const [path, allow] of table) {
    for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"]) {
      const response = await app.fetch(method === "POST" ? post(path, "") : request(method, path));
      const what = `${method} ${path}`;
      const expected =
        allow === null
          ? 404
          : !allow.includes(method)
            ? 405
            : method === "OPTIONS"
              ? 204
              : method === "POST"
                ? 400
                : 200;
      assert.equal(response.status, expected, what);
      if (expected === 405 || expected === 204) assert.equal(response.headers.get("allow"), allow, what);
      const text = await response.text();
      if (method === "HEAD" || expected === 204) assert.equal(text, "", what);
      else if (expected !== 200) assert.equal(JSON.parse(text).error.type, "invalid_request_error", what);
    }
  }
});

test("createApp() lists the edge model and the origins' models, patterns not", async () => {
  const { app } = fakeApp({ env: ENV });
  assert.deepEqual(await (await app.fetch(request("GET", "/v1/models"))).json(), {
    object: "list",
    data: [
      {
        id: "tiny",
        object: "model",
        created: 0,
        owned_by: "qwen-edge",
        max_model_len: 4096,
        quant: "q8",
        meta: { route: "edge", context_length: 4096 },
      },
      {
        id: "qwen2.5-7b-instruct",
        object: "model",
        created: 0,
        owned_by: "origin",
        meta: { route: "origin", context_length: null },
      },
    ],
  });
});

test("GET /v1/models leaves out an origin's model that bears the edge model's name", async () => {
  const baseUrl = "http://gpu.test/v1";
  const { app } = fakeApp({ env: { QWEN_EDGE_ORIGINS: { tiny: { baseUrl }, big: { baseUrl } } } });
  const { data } = (await (await app.fetch(request("GET", "/v1/models"))).json()) as { data: { id: string }[] };
  assert.deepEqual(
    data.map(({ id }) => id),
    ["tiny", "big"],
  );
});

test("createApp() tells of any model that may be asked, and 404 of another", async () => {
  const { app } = fakeApp({ env: ENV });
  const owner = async (id: string): Promise<unknown> => {
    const response = await app.fetch(request("GET", `/v1/models/${id}`));
    const body = (await response.json()) as { id?: string; owned_by?: string; error?: { code: string } };
    return [response.status, body.id ?? body.error?.code, body.owned_by];
  };
  assert.deepEqual(await owner("tiny"), [200, "tiny", "qwen-edge"]);
  assert.deepEqual(await owner("default"), [200, "default", "qwen-edge"]);
  assert.deepEqual(await owner("qwen2.5-7b-instruct"), [200, "qwen2.5-7b-instruct", "origin"]);
  assert.deepEqual(await owner("Qwen%2FQwen2.5-72B"), [200, "Qwen/Qwen2.5-72B", "origin"]);
  assert.deepEqual(await owner("gpt-9"), [404, "model_not_found", undefined]);
  assert.deepEqual(await owner("%E0%A4%A"), [404, "model_not_found", undefined]);
});

test("createApp() tells of its health: loading, failed, ready", async () => {
  const healthOf = async (status: Partial<Status>): Promise<{ response: Response; body: Record<string, unknown> }> => {
    const { app } = fakeApp({ status: async () => ({ ...READY, ...status }), env: ENV });
    const response = await app.fetch(request("GET", "/health"));
    return { response, body: (await response.json()) as Record<string, unknown> };
  };
  const loading = await healthOf({ state: "loading", progress: 0.25 });
  assert.equal(loading.response.status, 503);
  assert.equal(loading.response.headers.get("retry-after"), "1");
  assert.deepEqual(loading.body.error, { code: 503, message: "Loading model", type: "unavailable_error" });
  assert.equal(loading.body.progress, 0.25);

  const failed = await healthOf({ state: "failed", reason: "chunk 3 has a wrong hash" });
  assert.equal(failed.response.status, 503);
  assert.equal(failed.response.headers.get("x-should-retry"), "false");
  assert.match(JSON.stringify(failed.body.error), /chunk 3 has a wrong hash/);

  const ready = await healthOf({});
  assert.equal(ready.response.status, 200);
  assert.equal(ready.body.status, "ok");
  assert.ok(!JSON.stringify(ready.body).includes("hunter2"));
  assert.ok(!JSON.stringify(ready.body).includes("gpu.internal"));
});

test("createApp() answers a status that throws with its error", async () => {
  const { app, log } = fakeApp({ status: () => Promise.reject(new TypeError("bug")) });
  const response = await app.fetch(request("GET", "/health"));
  assert.equal(response.status, 500);
  assert.equal(log.length, 1);
});

test("createApp() sends a name to the edge model while that has none, and knows it as soon as it has", async () => {
  let status: Status = { state: "failed", progress: 0, reason: "manifest.json cannot be read", model: null };
  const failing: Completer = { complete: () => Promise.reject(new UnavailableError("The model failed to load")) };
  const { app } = fakeApp({ status: async () => status, edge: failing, env: ENV });
  const codeOf = async (model: string) => (await app.fetch(ask({ model }))).status;
  assert.equal(await codeOf("tiny"), 503);
  assert.equal((await app.fetch(request("GET", "/v1/models/tiny"))).status, 503);
  const { data } = (await (await app.fetch(request("GET", "/v1/models"))).json()) as { data: { id: string }[] };
  assert.deepEqual(
    data.map(({ id }) => id),
    ["qwen2.5-7b-instruct"],
  );
  status = READY;
  assert.equal((await app.fetch(request("GET", "/v1/models/tiny"))).status, 200);
  assert.equal(await codeOf("gpt-9"), 404);
});

test("brokenApp() says on every path and to every page what is wrong with the settings", async () => {
  const log: unknown[] = [];
  const app = brokenApp(new ConfigError("QWEN_EDGE_CONTEXT is not an integer"), (entry) => log.push(entry));
  for (const path of ["/", "/health", "/v1/chat/completions"]) {
    const response = await app.fetch(request("GET", path));
    assert.equal(response.status, 500);
    assert.equal(response.headers.get("access-control-allow-origin"), "*");
    assert.equal(response.headers.get("x-should-retry"), "false");
    const { error } = (await response.json()) as { error: Record<string, unknown> };
    assert.equal(error.code, "invalid_configuration");
    assert.match(String(error.message), /QWEN_EDGE_CONTEXT/);
  }
  assert.equal(log.length, 3);
});

test("createApp() serves the text tools in llama-server's shapes", async () => {
  const { app } = fakeApp();
  const call = async (path: string, body: unknown): Promise<unknown> => (await app.fetch(post(path, body))).json();
  assert.deepEqual(await call("/tokenize", { content: "ab" }), { tokens: [97, 98] });
  assert.deepEqual(await call("/tokenize", { content: "a", with_pieces: true }), { tokens: [{ id: 97, piece: "a" }] });
  assert.deepEqual(await call("/detokenize", { tokens: [97, 98] }), { content: "ab" });
  const messages = [
    { role: "developer", content: "s" },
    { role: "user", content: [{ type: "text", text: "u" }] },
  ];
  assert.deepEqual(await call("/apply-template", { messages }), { prompt: "<system>s<user>u" });
});

test("createApp() reads control tokens in /tokenize as such, unless told not to", async () => {
  const asked: unknown[] = [];
  const text = {
    tokenize: async (options: unknown) => {
      asked.push(options);
      return [];
    },
    detokenize: async () => "",
    applyTemplate: async () => "",
  };
  const { app } = fakeApp({ text });
  await app.fetch(post("/tokenize", { content: "x" }));
  await app.fetch(post("/tokenize", { content: "x", add_special: true, parse_special: false, with_pieces: true }));
  assert.deepEqual(asked, [
    { content: "x", addSpecial: false, parseSpecial: true, withPieces: false },
    { content: "x", addSpecial: true, parseSpecial: false, withPieces: true },
  ]);
});

test("createApp() refuses wrong bodies of the text tools by name", async () => {
  const { app } = fakeApp();
  const cases: [path: string, body: unknown, param: string][] = [
    ["/tokenize", {}, "content"],
    ["/tokenize", { content: 5 }, "content"],
    ["/tokenize", { content: "a", with_pieces: "yes" }, "with_pieces"],
    ["/detokenize", { tokens: "a" }, "tokens"],
    ["/detokenize", { tokens: [1, 2.5] }, "tokens[1]"],
    ["/detokenize", { tokens: [-1] }, "tokens[0]"],
    ["/apply-template", { messages: [{ role: "x" }] }, "messages[0].role"],
  ];
  for (const [path, body, param] of cases) {
    const response = await app.fetch(post(path, body));
    assert.equal(response.status, 400);
    assert.equal(((await response.json()) as { error: { param: string } }).error.param, param);
  }
});

test("createApp() gives an app that mounts under a path of another one", async () => {
  const edge = new ScriptedCompleter(says("mounted"));
  const { app } = fakeApp({ edge, env: { QWEN_EDGE_API_KEYS: "k" } });
  const host = new Hono();
  host.onError(() => new Response("host's error", { status: 500 }));
  host.notFound(() => new Response("host's 404", { status: 404 }));
  host.get("/", (c) => c.text("host"));
  host.route("/ai", app);
  const under = (asked: Request, key = "k"): Request => {
    const url = asked.url.replace("edge.test", "edge.test/ai");
    const mounted = new Request(url, asked);
    mounted.headers.set("authorization", `Bearer ${key}`);
    return mounted;
  };
  assert.equal(await (await host.fetch(request("GET", "/"))).text(), "host");
  assert.equal(await (await host.fetch(request("GET", "/nope"))).text(), "host's 404");
  assert.equal((await host.fetch(under(request("GET", "/health")))).status, 200);
  assert.equal((await host.fetch(under(request("GET", "/v1/models/tiny")))).status, 200);
  assert.equal((await host.fetch(under(ask(), "wrong"))).status, 401);
  const stream = await frames(await host.fetch(under(ask({ stream: true }))));
  assert.equal(stream.at(-1), "data: [DONE]");
  for (const [asked, status] of [
    [under(ask({ n: 2 })), 400],
    [under(request("GET", "/nope")), 404],
    [under(request("PUT", "/v1/models")), 405],
  ] as const) {
    const response = await host.fetch(asked);
    assert.equal(response.status, status);
    assert.match(response.headers.get("x-request-id") ?? "", /^req_/);
    assert.equal(((await response.json()) as { error: { type: string } }).error.type, "invalid_request_error");
  }
  const plain = await host.fetch(request("GET", "/"));
  assert.equal(plain.headers.get("x-request-id"), null);
});
