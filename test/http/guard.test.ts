// Bodies that anybody may send: each wrong one is answered by what is wrong with it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Hono } from "hono";
import { AppError } from "../../src/errors.ts";
import { readJson } from "../../src/http/guard.ts";

const MAX_BYTES = 4096;
const app = new Hono();
app.onError((error) => {
  if (!(error instanceof AppError)) throw error;
  return new Response(error.message, { status: error.status });
});
app.post("/", async (c) => {
  const { raw, value } = await readJson(c.req, { maxBytes: MAX_BYTES });
  return Response.json({ raw, value });
});

type Body = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null;

function send(body: Body, headers: Record<string, string> = { "content-type": "application/json" }): Promise<Response> {
  const init = { method: "POST", headers, body, duplex: "half" };
  return Promise.resolve(app.fetch(new Request("http://edge.test/", init)));
}

test("readJson() gives text and value, when the body is a JSON object", async () => {
  for (const type of ["application/json", "Application/JSON; charset=utf-8", 'application/json;charset="UTF-8"']) {
    const response = await send('{"a": 1.0}', { "content-type": type });
    assert.deepEqual(await response.json(), { raw: '{"a": 1.0}', value: { a: 1 } });
  }
});

test("readJson() reads past a byte order mark and keeps a lone surrogate", async () => {
  const response = await send('\ufeff{"a":"\\ud800"}');
  assert.equal(response.status, 200);
});

test("readJson() refuses with what is wrong, when the body is no JSON object in UTF-8", async () => {
  const deep = (levels: number): string => `{"a":${"[".repeat(levels)}${"]".repeat(levels)}}`;
  const cases: [name: string, body: Body, headers: Record<string, string> | undefined, status: number, says: RegExp][] =
    [
      ["empty", "", undefined, 400, /is empty/],
      ["none", null, undefined, 400, /is empty/],
      ["blank", " \n", undefined, 400, /is empty/],
      ["broken", '{"a":', undefined, 400, /not valid JSON/],
      ["a secret in broken JSON", '{"a": hunter2}', undefined, 400, /^(?!.*hunter2).*not valid JSON/],
      ["array", "[]", undefined, 400, /not a JSON object/],
      ["null", "null", undefined, 400, /not a JSON object/],
      ["not UTF-8", new Uint8Array([0x7b, 0xff, 0x7d]), undefined, 400, /UTF-8/],
      ["half a character at the end", new Uint8Array([0x7b, 0x7d, 0xe4]), undefined, 400, /UTF-8/],
      ["deep", deep(200), undefined, 400, /deeper than 200/],
      ["no type", "{}", { "content-type": "" }, 400, /Content-Type is missing/],
      ["form", "{}", { "content-type": "application/x-www-form-urlencoded" }, 400, /expected application\/json/],
      ["charset", "{}", { "content-type": "application/json; charset=latin1" }, 400, /utf-8/],
      ["gzip", "{}", { "content-type": "application/json", "content-encoding": "gzip" }, 415, /compressed/],
      ["large", `{"a":"${"x".repeat(MAX_BYTES)}"}`, undefined, 413, /larger than 4096 bytes/],
    ];
  for (const [name, body, headers, status, says] of cases) {
    const response = await send(body, headers);
    assert.equal(response.status, status, name);
    assert.match(await response.text(), says, name);
  }
});

test("readJson() counts brackets outside strings only", async () => {
  assert.equal((await send(`{"a":"${"[".repeat(1000)}\\"${"{".repeat(1000)}"}`)).status, 200);
  assert.equal((await send(`{"a":[${"[],".repeat(500)}[]]}`)).status, 200);
  assert.equal((await send(`{"a":${"[".repeat(199)}${"]".repeat(199)}}`)).status, 200);
});

test("readJson() refuses, when 100,000 levels nest", async () => {
  const big = new Hono();
  big.onError((error) => new Response(error.message, { status: error instanceof AppError ? error.status : 500 }));
  big.post("/", async (c) => Response.json(await readJson(c.req, { maxBytes: 2 ** 20 })));
  for (const bracket of ["[", '{"a":']) {
    const request = new Request("http://edge.test/", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: bracket.repeat(100_000),
    });
    assert.equal((await big.fetch(request)).status, 400);
  }
});

test("readJson() stops at the limit and cancels the body, when it has no length", async () => {
  let sent = 0;
  let isCancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      sent++;
      controller.enqueue(new Uint8Array(1000).fill(0x20));
    },
    cancel: () => {
      isCancelled = true;
    },
  });
  assert.equal((await send(endless)).status, 413);
  assert.ok(sent < 20);
  assert.equal(isCancelled, true);
});

test("readJson() refuses with 400, when the body breaks off", async () => {
  const broken = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error("connection reset")),
  });
  assert.equal((await send(broken)).status, 400);
});

test("readJson() reads characters that are cut between two pieces", async () => {
  const bytes = new TextEncoder().encode('{"a":"你好🙂"}');
  const pieces = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  const { value } = (await (await send(pieces)).json()) as { value: unknown };
  assert.deepEqual(value, { a: "你好🙂" });
});

test("readJson() reads what Hono keeps, when a host app has read the body before", async () => {
  const host = new Hono();
  host.use("*", async (c, next) => {
    await c.req.json();
    await next();
  });
  host.route("/", app);
  const request = new Request("http://edge.test/", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"a":1}',
  });
  assert.equal((await host.fetch(request)).status, 200);
});
