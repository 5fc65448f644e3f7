// An event stream's frames, its keep-alives, its error event, and what a client's leaving does.

import assert from "node:assert/strict";
import { test } from "node:test";
import { eventStream } from "../../src/http/sse.ts";
import { frames } from "../fakes/sse.ts";

function options(overrides: Partial<Parameters<typeof eventStream>[1]> = {}): Parameters<typeof eventStream>[1] {
  return { keepAliveMs: 1000, onCancel: () => undefined, onError: () => ({ error: {} }), ...overrides };
}

test("eventStream() ends with [DONE], when the events end", async () => {
  async function* events() {
    yield { a: 1 };
    yield { text: "line\nbreak \u2028 \ud800" };
  }
  assert.deepEqual(await frames(new Response(eventStream(events(), options()))), [
    'data: {"a":1}',
    'data: {"text":"line\\nbreak \u2028 \\ud800"}',
    "data: [DONE]",
  ]);
});

test("eventStream() sends comments while an event is awaited, and loses none", async () => {
  let release = (): void => undefined;
  const blocked = new Promise<void>((resolve) => {
    release = resolve;
  });
  async function* events() {
    yield { first: true };
    await blocked;
    yield { second: true };
  }
  const reader = eventStream(events(), options({ keepAliveMs: 5 })).getReader();
  const next = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value);
  assert.equal(await next(), 'data: {"first":true}\n\n');
  assert.equal(await next(), ": keep-alive\n\n");
  assert.equal(await next(), ": keep-alive\n\n");
  release();
  let frame = await next();
  while (frame.startsWith(":")) frame = await next();
  assert.equal(frame, 'data: {"second":true}\n\n');
  assert.equal(await next(), "data: [DONE]\n\n");
  assert.equal((await reader.read()).done, true);
});

test("eventStream() ends with the error's event and without [DONE], when the events throw", async () => {
  const broken = new Error("boom");
  const seen: unknown[] = [];
  async function* events() {
    yield { a: 1 };
    throw broken;
  }
  const onError = (error: unknown): object => {
    seen.push(error);
    return { error: { message: "told" } };
  };
  assert.deepEqual(await frames(new Response(eventStream(events(), options({ onError })))), [
    'data: {"a":1}',
    'data: {"error":{"message":"told"}}',
  ]);
  assert.deepEqual(seen, [broken]);
});

test("eventStream() asks for one event ahead at most, when nobody reads", async () => {
  let asked = 0;
  async function* events() {
    for (;;) yield { n: asked++ };
  }
  const reader = eventStream(events(), options()).getReader();
  await reader.read();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(asked, 2);
  await reader.cancel();
});

test("eventStream() stops the work and the iteration, when it is cancelled", async () => {
  let cancels = 0;
  let isReturned = false;
  async function* events() {
    try {
      for (let n = 0; ; n++) yield { n };
    } finally {
      isReturned = true;
    }
  }
  const reader = eventStream(events(), options({ onCancel: () => cancels++ })).getReader();
  await reader.read();
  await reader.cancel();
  assert.equal(cancels, 1);
  assert.equal(isReturned, true);
});

test("eventStream() tells nobody, when the events throw because of the cancelling", async () => {
  const work = new AbortController();
  let told = 0;
  async function* events() {
    yield { a: 1 };
    await new Promise((_, reject) => work.signal.addEventListener("abort", () => reject(new Error("aborted"))));
  }
  const onError = (): object => ({ told: ++told });
  const reader = eventStream(events(), options({ onCancel: () => work.abort(), onError })).getReader();
  await reader.read();
  const waiting = reader.read();
  await reader.cancel();
  assert.equal((await waiting).done, true);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(told, 0);
});
