// Requests that go to a GPU origin, through the whole app, against a local server that behaves like vLLM.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import OpenAI from "openai";
import { readConfig } from "../../src/config.ts";
import { createOriginCompleter } from "../../src/origin/client.ts";
import { fakeApp, post, ScriptedCompleter, says } from "../fakes/completer.ts";
import { type FakeOrigin, STREAM, startOrigin } from "../fakes/origin.ts";

import { collect } from "../fakes/sse.ts";

const KEY = "origin-secret";

/** An app whose model "big" runs at a fresh fake origin, which ends with the test. */
async function setUp(
  t: TestContext,
): Promise<{ app: ReturnType<typeof fakeApp>["app"]; log: unknown[]; origin: FakeOrigin; edge: ScriptedCompleter }> {
  const origin = await startOrigin();
  t.after(() => origin.close());
  const edge = new ScriptedCompleter(says("edge"));
  const { app, log } = fakeApp({ edge, env: envFor(origin.baseUrl) });
  return { app, log, origin, edge };
}

function envFor(baseUrl: string): Record<string, unknown> {
  return {
    QWEN_EDGE_ORIGINS: { big: { baseUrl, model: "Qwen/Big", keySecret: "GPU_KEY" }, "raw-*": { baseUrl } },
    GPU_KEY: KEY,
  };
}

function askBig(behave: string, extra = ""): Request {
  return post("/v1/chat/completions", `{"model":"big","behave":"${behave}"${extra}}`, { authorization: "Bearer mine" });
}

test("an origin gets the body with the model's name changed and nothing else", async (t) => {
  const { app, origin, edge } = await setUp(t);
  const extra = ', "tools":[{"a": 1.0}], "n": 3, "seed": 12345678901234567890, "messages": "anything", "x":null';
  assert.equal((await app.fetch(askBig("whole", extra))).status, 200);
  const [got] = origin.received;
  assert.equal(got?.body, `{"model":"Qwen/Big","behave":"whole"${extra}}`);
  assert.equal(got?.method, "POST");
  assert.equal(got?.url, "/v1/chat/completions");
  assert.equal(got?.headers["content-type"], "application/json");
  assert.equal(edge.requests.length, 0);
});

test("an origin gets its own key or none, never the client's", async (t) => {
  const { app, origin } = await setUp(t);
  await app.fetch(askBig("whole"));
  const headers = { authorization: "Bearer mine", "x-api-key": "mine", cookie: "mine" };
  await app.fetch(post("/v1/chat/completions", '{"model":"raw-x","behave":"whole"}', headers));
  assert.equal(origin.received[0]?.headers.authorization, `Bearer ${KEY}`);
  assert.equal(origin.received[1]?.headers.authorization, undefined);
  assert.ok(!JSON.stringify(origin.received[1]?.headers).includes("mine"));
  assert.equal(origin.received[1]?.body, '{"model":"raw-x","behave":"whole"}');
});

test("an origin's answer passes with its status, its bytes and its safe headers", async (t) => {
  const { app } = await setUp(t);
  const whole = await app.fetch(askBig("whole"));
  assert.equal(await whole.text(), '{"id":"vllm-1", "seed": 12345678901234567890}');
  const { headers } = whole;
  assert.equal(headers.get("content-type"), "application/json");
  assert.equal(headers.get("x-request-id"), "vllm-7");
  assert.equal(headers.get("openai-processing-ms"), "5");
  assert.equal(headers.get("x-qwen-edge-route"), "origin");
  assert.equal(headers.get("x-qwen-edge-model"), "big");
  assert.equal(headers.get("x-ratelimit-remaining-requests"), "3");
  assert.equal(headers.get("access-control-allow-origin"), "*");
  for (const name of ["set-cookie", "server", "x-internal-host", "connection", "content-length"]) {
    assert.equal(headers.get(name), null, name);
  }

  const busy = await app.fetch(askBig("busy"));
  assert.equal(busy.status, 429);
  assert.equal(busy.headers.get("retry-after"), "7");
  assert.equal(busy.headers.get("retry-after-ms"), "7000");
  assert.match(await busy.text(), /overloaded/);

  const stream = await app.fetch(askBig("stream"));
  assert.equal(stream.headers.get("content-type"), "text/event-stream; charset=utf-8");
  assert.equal(await stream.text(), STREAM.join(""));

  assert.equal((await app.fetch(askBig("empty"))).status, 204);
});

test("an origin's first bytes pass before its last ones are made, and a cancelled reader reaches it", async (t) => {
  const { app, origin } = await setUp(t);
  const reader = (await app.fetch(askBig("stall"))).body!.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), STREAM[0]);
  await reader.cancel();
  await origin.left;
});

test("a client that leaves reaches the origin, before its headers and in mid-stream", async (t) => {
  for (const behave of ["silent", "stall"]) {
    const { app, origin, log } = await setUp(t);
    const leaving = new AbortController();
    const answered = Promise.resolve(app.fetch(new Request(askBig(behave), { signal: leaving.signal })));
    if (behave === "stall") await (await answered).body!.getReader().read();
    else while (origin.received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    leaving.abort();
    await origin.left;
    await answered;
    assert.deepEqual(log, []);
  }
});

test("an origin that dies in mid-stream leaves an error as the last event, which the openai client throws", async (t) => {
  const { app } = await setUp(t);
  const text = await (await app.fetch(askBig("dies in an event"))).text();
  assert.match(text, /^data: \{"id":"vllm-1","cho\n\ndata: \{"error":\{"message":"The origin .*\}\}\n\n$/);

  const openai = new OpenAI({
    apiKey: "k",
    baseURL: "http://edge.test/v1",
    maxRetries: 0,
    fetch: async (input, init) => app.fetch(new Request(input, init)),
  });
  const body = { model: "big", messages: [], stream: true, behave: "dies" } as const;
  const stream = await openai.chat.completions.create({ ...body, messages: [] });
  await assert.rejects(collect(stream), /broke off/);
});

test("an origin that dies in a whole answer breaks the client's answer off", async (t) => {
  const { app } = await setUp(t);
  const response = await app.fetch(askBig("dies whole"));
  await assert.rejects(response.text());
});

/** What an app answers whose origin, `fetch`, is given up after ten milliseconds of silence; and what it logged. */
async function askHasty(fetch: typeof globalThis.fetch): Promise<{ response: Response; log: unknown[] }> {
  const big = { baseUrl: "http://gpu.test/v1", headersTimeoutMs: 10, idleTimeoutMs: 10 };
  const env = { QWEN_EDGE_ORIGINS: { big } };
  const { app, log } = fakeApp({ env, origin: createOriginCompleter(readConfig(env).origins, { fetch }) });
  return { response: await app.fetch(askBig("as it likes")), log };
}

test("an origin that does not begin to answer in time is a 504, and its work is aborted", async () => {
  let isAborted = false;
  const { response, log } = await askHasty(
    (_, init) =>
      new Promise((_, reject) => {
        init?.signal?.addEventListener("abort", () => {
          isAborted = true;
          reject(init.signal?.reason);
        });
      }),
  );
  assert.equal(response.status, 504);
  const message = "The origin of this model did not begin to answer within 0.01 s; try again later";
  const error = { message, type: "api_error", param: null, code: "origin_timeout" };
  assert.deepEqual(await response.json(), { error });
  assert.equal(response.headers.get("x-qwen-edge-route"), "origin");
  assert.ok(isAborted);
  assert.match(JSON.stringify(log), /OriginTimeoutError/);
});

test("an origin that falls silent ends a stream by an error, breaks a whole answer off, and is cancelled", async () => {
  for (const type of ["text/event-stream", "application/json"]) {
    let isCancelled = false;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode(STREAM[0])),
      cancel: () => {
        isCancelled = true;
      },
    });
    const { response } = await askHasty(async () => new Response(body, { headers: { "content-type": type } }));
    assert.equal(response.status, 200);
    if (type === "application/json") await assert.rejects(response.text(), { name: "OriginTimeoutError" });
    else {
      const [first, error, ...rest] = (await response.text()).split("\n\n").filter(Boolean);
      assert.equal(`${first}\n\n`, STREAM[0]);
      assert.match(
        error ?? "",
        /^data: \{"error":\{"message":"[^"]+ within 0\.01 s[^"]*",.*"code":"origin_timeout"\}\}$/,
      );
      assert.deepEqual(rest, []);
    }
    assert.ok(isCancelled);
  }
});

test("a client that reads slowly is not taken for an origin that is silent", async () => {
  let pulls = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode(`${pulls}`));
      if (++pulls === 5) controller.close();
    },
  });
  const { response } = await askHasty(async () => new Response(body));
  let text = "";
  for await (const piece of response.body!) {
    text += new TextDecoder().decode(piece);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  assert.equal(text, "01234");
});

test("an origin that cannot be reached, hangs up or redirects is a 502 without its address or key", async (t) => {
  const { app, log, origin } = await setUp(t);
  const gone = await startOrigin();
  await gone.close();
  const down = fakeApp({ env: envFor(gone.baseUrl) });
  const answers = [
    await app.fetch(askBig("redirect")),
    await app.fetch(askBig("hangup")),
    await down.app.fetch(askBig("whole")),
  ];
  for (const response of answers) {
    assert.equal(response.status, 502);
    const text = await response.text();
    assert.equal(JSON.parse(text).error.code, "origin_unavailable");
    assert.doesNotMatch(text, /127\.0\.0\.1|elsewhere|origin-secret/);
  }
  assert.equal(log.length, 2);
  assert.match(JSON.stringify(down.log), /OriginError.*ECONNREFUSED/);
  assert.doesNotMatch(JSON.stringify([log, down.log]), /elsewhere|origin-secret/);
  assert.equal(origin.received.length, 2);
});
