// The headers of every answer: request id, CORS, security; and preflights.

import assert from "node:assert/strict";
import { test } from "node:test";
import { BusyError } from "../../src/errors.ts";
import { ask, fakeApp, ScriptedCompleter, says } from "../fakes/completer.ts";

const PAGE = "https://page.test";

function from(request: Request, origin: string): Request {
  const headers = new Headers(request.headers);
  headers.set("origin", origin);
  return new Request(request, { headers });
}

test("answerHeaders() decorates answers, streams and errors alike", async () => {
  const broken = fakeApp({ edge: new ScriptedCompleter([], { rejection: new TypeError("bug") }) }).app;
  const locked = fakeApp({ env: { QWEN_EDGE_API_KEYS: "k" } }).app;
  const { app } = fakeApp();
  const cases: [status: number, response: Response][] = [
    [200, await app.fetch(from(ask(), PAGE))],
    [200, await app.fetch(from(ask({ stream: true }), PAGE))],
    [400, await app.fetch(from(ask({ n: 2 }), PAGE))],
    [404, await app.fetch(from(new Request("http://edge.test/nope"), PAGE))],
    [405, await app.fetch(from(new Request("http://edge.test/health", { method: "PUT" }), PAGE))],
    [401, await locked.fetch(from(ask(), PAGE))],
    [500, await broken.fetch(from(ask(), PAGE))],
  ];
  for (const [status, response] of cases) {
    assert.equal(response.status, status);
    assert.equal(response.headers.get("access-control-allow-origin"), "*", String(status));
    assert.match(response.headers.get("access-control-expose-headers") ?? "", /x-request-id/);
    assert.match(response.headers.get("x-request-id") ?? "", /^req_[0-9a-f]{32}$/);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    assert.match(response.headers.get("content-security-policy") ?? "", /default-src 'none'/);
    await response.body?.cancel();
  }
});

test("answerHeaders() keeps a client's request id, when it is sane", async () => {
  const { app } = fakeApp();
  const answerTo = async (id: string): Promise<string | null> => {
    const request = new Request("http://edge.test/health", { headers: { "x-request-id": id } });
    return (await app.fetch(request)).headers.get("x-request-id");
  };
  assert.equal(await answerTo("abc-1.2:3_4="), "abc-1.2:3_4=");
  for (const id of ["a b", "<script>", "x".repeat(129), "a,b"]) assert.match((await answerTo(id)) ?? "", /^req_/);
});

test("answerHeaders() answers a preflight on any path and echoes the headers it asks for", async () => {
  const { app } = fakeApp();
  for (const path of ["/v1/chat/completions", "/nope"]) {
    const response = await app.fetch(
      new Request(`http://edge.test${path}`, {
        method: "OPTIONS",
        headers: {
          origin: PAGE,
          "access-control-request-method": "POST",
          "access-control-request-headers": "authorization,content-type,x-stainless-os",
        },
      }),
    );
    assert.equal(response.status, 204);
    assert.equal(response.headers.get("access-control-allow-origin"), "*");
    assert.equal(response.headers.get("access-control-allow-headers"), "authorization,content-type,x-stainless-os");
    assert.match(response.headers.get("access-control-allow-methods") ?? "", /POST/);
  }
});

test("answerHeaders() names the asking origin alone, when origins are configured", async () => {
  const { app } = fakeApp({ env: { QWEN_EDGE_CORS_ORIGINS: `https://other.test, ${PAGE}` } });
  const allowed = await app.fetch(from(new Request("http://edge.test/health"), PAGE));
  assert.equal(allowed.headers.get("access-control-allow-origin"), PAGE);
  assert.equal(allowed.headers.get("vary"), "Origin");
  const refused = await app.fetch(from(new Request("http://edge.test/health"), "https://evil.test"));
  assert.equal(refused.headers.get("access-control-allow-origin"), null);
  assert.equal(refused.headers.get("vary"), "Origin");
});

test("answerHeaders() tells of a chat answer, whole, streamed or refused, where it was made and by which model", async () => {
  const rejection = new BusyError("The queue is full", 1);
  const busy = fakeApp({ edge: new ScriptedCompleter([], { rejection }) }).app;
  const { app } = fakeApp({ edge: new ScriptedCompleter(says("Hi")), env: { QWEN_EDGE_MODEL_ALIASES: "qwen-*" } });
  const cases: [response: Response, status: number, model: string][] = [
    [await app.fetch(from(ask(), PAGE)), 200, "tiny"],
    [await app.fetch(from(ask({ stream: true }), PAGE)), 200, "tiny"],
    [await app.fetch(from(ask({ model: "qwen-千 问" }), PAGE)), 200, "qwen-%E5%8D%83%20%E9%97%AE"],
    [await busy.fetch(from(ask(), PAGE)), 429, "tiny"],
  ];
  for (const [response, status, model] of cases) {
    assert.equal(response.status, status);
    assert.equal(response.headers.get("x-qwen-edge-route"), "edge");
    assert.equal(response.headers.get("x-qwen-edge-model"), model);
    assert.match(response.headers.get("access-control-expose-headers") ?? "", /x-qwen-edge-route, x-qwen-edge-model/);
    await response.body?.cancel();
  }
  const { headers } = await app.fetch(from(new Request("http://edge.test/health"), PAGE));
  assert.equal(headers.get("x-qwen-edge-route"), null);
});
