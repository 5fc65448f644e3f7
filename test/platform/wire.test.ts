import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChatRequest, Delta } from "../../src/completer.ts";
import { AppError, BusyError, ContextLengthError, RequestError, UnavailableError } from "../../src/errors.ts";
import {
  packDeltas,
  packError,
  packRequest,
  unpackDeltas,
  unpackError,
  unpackRequest,
} from "../../src/platform/wire.ts";

const TEXT: Delta = {
  kind: "text",
  text: "Grüße\n\u2028 \ud83d\ude00",
  logprobs: [{ token: "G", bytes: [71], logprob: -0.1234567890123, top: [{ token: "H", bytes: [72], logprob: -2 }] }],
};
const FINISH: Delta = {
  kind: "finish",
  reason: "stop",
  usage: { promptTokens: 3, completionTokens: 1, cachedTokens: 0 },
};

async function* iterate(deltas: readonly Delta[], error?: unknown): AsyncGenerator<Delta> {
  yield* deltas;
  if (error !== undefined) throw error;
}

async function collect(deltas: AsyncIterable<Delta>): Promise<Delta[]> {
  const all: Delta[] = [];
  for await (const delta of deltas) all.push(delta);
  return all;
}

/** The same bytes in pieces of `size`, as a network may cut them. */
function cut(stream: ReadableStream<Uint8Array>, size: number): ReadableStream<Uint8Array> {
  return stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(bytes, controller) {
        for (let i = 0; i < bytes.length; i += size) controller.enqueue(bytes.slice(i, i + size));
      },
    }),
  );
}

test("unpackRequest() gives the request that packRequest was given, absent fields absent", () => {
  const request: ChatRequest = {
    model: "m",
    messages: [{ role: "user", content: "Hi" }],
    temperature: 0.5,
    stop: ["\n"],
    stopTokenIds: [5],
    ignoreEos: false,
    logitBias: new Map([[7, -100]]),
    topLogprobs: null,
  };
  assert.deepEqual(unpackRequest(packRequest(request)), request);
});

test("unpackDeltas() gives the deltas that packDeltas was given, however the bytes are cut", async () => {
  for (const size of [1, 2, 7, 1_000]) {
    const lines = cut(
      packDeltas(iterate([TEXT, TEXT, FINISH]), () => {}),
      size,
    );
    assert.deepEqual(await collect(unpackDeltas(lines)), [TEXT, TEXT, FINISH]);
  }
});

test("unpackError() keeps what HTTP needs of an AppError", () => {
  for (const error of [
    new RequestError("Wrong", { param: "seed", code: "odd" }),
    new ContextLengthError(4, 5),
    new BusyError("Full", 5),
    new UnavailableError("Loading", 2),
  ]) {
    const carried = unpackError(JSON.parse(JSON.stringify(packError(error))));
    assert.ok(carried instanceof AppError);
    for (const key of ["name", "message", "status", "type", "code", "param", "retryAfterSeconds"] as const) {
      assert.equal(carried[key], error[key]);
    }
  }
});

test("an error after the first delta comes out of the iteration, a stranger's error without its words", async (t) => {
  t.mock.method(console, "error", () => {});
  const failing = unpackDeltas(packDeltas(iterate([TEXT], new UnavailableError("Lost")), () => {}));
  assert.deepEqual((await failing.next()).value, TEXT);
  await assert.rejects(failing.next(), /^UnavailableError: Lost/);
  const odd = unpackDeltas(packDeltas(iterate([], new Error("secret")), () => {}));
  await assert.rejects(odd.next(), (error: unknown) => error instanceof Error && !/secret/.test(error.message));
});

test("unpackDeltas() rejects when the lines end before the answer does", async () => {
  await assert.rejects(collect(unpackDeltas(packDeltas(iterate([TEXT]), () => {}))), UnavailableError);
});

test("a reader that leaves calls leave() and ends the iteration there", async () => {
  let hasLeft = false;
  let hasEnded = false;
  async function* endless(): AsyncGenerator<Delta> {
    try {
      for (;;) yield TEXT;
    } finally {
      hasEnded = true;
    }
  }
  const lines = packDeltas(endless(), () => {
    hasLeft = true;
  });
  for await (const _ of unpackDeltas(lines)) break;
  assert.ok(hasLeft && hasEnded);
});
