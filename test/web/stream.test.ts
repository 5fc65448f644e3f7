// streamChat() against a real server that answers well, badly, and not to the end.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../src/web/api-error.ts";
import { DEFAULT_SETTINGS, toBody } from "../../src/web/settings.ts";
import { type StreamEvent, streamChat } from "../../src/web/stream.ts";
import { collect } from "../fakes/sse.ts";
import { events, finishChunk, serve, textChunk, USAGE_CHUNK } from "./server.ts";

const BODY = toBody({ ...DEFAULT_SETTINGS, model: "m" }, [{ role: "user", content: "hi" }]);
const STREAM = { "content-type": "text/event-stream; charset=utf-8" };
const never = () => new AbortController().signal;

interface Asked {
  readonly seen: StreamEvent[];
  readonly error?: { readonly kind: string; readonly message: string; readonly wait: number | null };
}

/** The events before the end, raw ones left out, and the error that it ended by. */
async function ask(base: string, signal = never()): Promise<Asked> {
  const seen: StreamEvent[] = [];
  try {
    for await (const event of streamChat({ base, apiKey: "" }, BODY, signal))
      if (event.kind !== "raw") seen.push(event);
    return { seen };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { kind, message, retryAfterSeconds } = error;
    return { seen, error: { kind, message, wait: retryAfterSeconds } };
  }
}

test("streamChat() gives open, text, finish and usage, and the raw data before what is read from it", async (t) => {
  let sent: unknown;
  const role = { choices: [{ index: 0, delta: { role: "assistant", content: "" } }] };
  const base = await serve(t, (_, response, body) => {
    sent = JSON.parse(body);
    response.writeHead(200, { ...STREAM, "x-qwen-edge-route": "edge", "x-qwen-edge-model": "qwen%E4%BD%A0" });
    response.write(": keep-alive\n\n");
    response.end(events(role, textChunk("Hel"), textChunk("lo"), finishChunk(), USAGE_CHUNK, "[DONE]"));
  });
  const all = await collect(streamChat({ base, apiKey: "" }, BODY, never()));
  assert.deepEqual(sent, JSON.parse(JSON.stringify(BODY)));
  assert.deepEqual(all.slice(0, 4), [
    { kind: "open", route: "edge", model: "qwen你" },
    { kind: "raw", data: JSON.stringify(role) },
    { kind: "raw", data: JSON.stringify(textChunk("Hel")) },
    { kind: "text", text: "Hel" },
  ]);
  assert.deepEqual(
    all.slice(4).filter((event) => event.kind !== "raw"),
    [
      { kind: "text", text: "lo" },
      { kind: "finish", reason: "stop" },
      { kind: "usage", promptTokens: 5, completionTokens: 3, cachedTokens: 2 },
    ],
  );
  assert.deepEqual(all.at(-1), { kind: "raw", data: "[DONE]" });
});

test("streamChat() understands a server that answers in one piece", async (t) => {
  const choices = [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "length" }];
  const base = await serve(t, (_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(`\n\n${JSON.stringify({ ...USAGE_CHUNK, choices })}`);
  });
  assert.deepEqual(await ask(base), {
    seen: [
      { kind: "open", route: null, model: null },
      { kind: "text", text: "Hello" },
      { kind: "finish", reason: "length" },
      { kind: "usage", promptTokens: 5, completionTokens: 3, cachedTokens: 2 },
    ],
  });
});

test("streamChat() throws the server's error before anything is open", async (t) => {
  const base = await serve(t, (_, response) => {
    response.writeHead(429, { "retry-after": "7" });
    response.end(JSON.stringify({ error: { message: "The queue is full", type: "rate_limit_error", param: null } }));
  });
  const { seen, error } = await ask(base);
  assert.deepEqual(seen, []);
  assert.deepEqual(error, { kind: "busy", wait: 7, message: "The queue is full" });
});

test("streamChat() says interrupted when the connection is lost, after what had come", async (t) => {
  const base = await serve(t, (_, response) => {
    response.writeHead(200, STREAM).write(events(textChunk("Hel")), () => response.destroy());
  });
  const { seen, error } = await ask(base);
  assert.deepEqual(seen.at(-1), { kind: "text", text: "Hel" });
  assert.equal(error?.kind, "interrupted");
});

test("streamChat() says interrupted when the stream ends before its answer", async (t) => {
  const base = await serve(t, (_, response) => response.writeHead(200, STREAM).end(events(textChunk("Hel"))));
  assert.equal((await ask(base)).error?.kind, "interrupted");
});

test("streamChat() is content with a finish where [DONE] is missing", async (t) => {
  const base = await serve(t, (_, response) => response.writeHead(200, STREAM).end(events(finishChunk())));
  assert.equal((await ask(base)).error, undefined);
});

test("streamChat() throws the error that comes in mid-stream", async (t) => {
  const failure = { error: { message: "A stage is lost", type: "unavailable_error", param: null, code: null } };
  const base = await serve(t, (_, response) => response.writeHead(200, STREAM).end(events(textChunk("a"), failure)));
  const { seen, error } = await ask(base);
  assert.equal(seen.length, 2);
  assert.deepEqual(error, { kind: "server", wait: null, message: "A stage is lost" });
});

test("streamChat() says server when events are no JSON or have no end", async (t) => {
  const answers = [events("{nonsense"), `data: ${"x".repeat(2 ** 22 + 1)}`];
  const base = await serve(t, (_, response) => response.writeHead(200, STREAM).end(answers.shift()));
  assert.equal((await ask(base)).error?.kind, "server");
  assert.equal((await ask(base)).error?.kind, "server");
});

test("streamChat() ends quietly when it is stopped, and closes the connection", async (t) => {
  const stop = new AbortController();
  let closed: () => void;
  const isClosed = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const base = await serve(t, (_, response) => {
    response.on("close", () => closed());
    response.writeHead(200, STREAM).write(events(textChunk("a")));
  });
  const seen: string[] = [];
  for await (const { kind } of streamChat({ base, apiKey: "" }, BODY, stop.signal)) {
    seen.push(kind);
    if (kind === "text") stop.abort();
  }
  assert.deepEqual(seen, ["open", "raw", "text"]);
  await isClosed;
});

test("streamChat() ends quietly when it is stopped before the server answers", async (t) => {
  const stop = new AbortController();
  const base = await serve(t, () => stop.abort());
  assert.deepEqual(await ask(base, stop.signal), { seen: [] });
});
