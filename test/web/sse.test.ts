// sseData() against every way of cutting a stream into pieces.

import assert from "node:assert/strict";
import { test } from "node:test";
import { sseData } from "../../src/web/sse.ts";
import { collect } from "../fakes/sse.ts";

const encoder = new TextEncoder();

/** A body that comes in the given pieces. */
function bodyOf(pieces: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
}

async function read(pieces: readonly Uint8Array[], most?: number): Promise<string[]> {
  return collect(sseData(bodyOf(pieces), most));
}

const STREAM = [
  ": keep-alive",
  "",
  'data: {"a":"é 你 😀"}',
  "",
  "event: x",
  "data:first",
  "data:  second",
  "data",
  "id: 3",
  "",
  ": keep-alive",
  "",
  "retry: 1",
  "",
  "data: [DONE]",
  "",
  "",
];
const EXPECTED = ['{"a":"é 你 😀"}', "first\n second\n", "[DONE]"];

for (const [name, end] of Object.entries({ LF: "\n", CRLF: "\r\n", CR: "\r" })) {
  test(`sseData() gives the same events for any cut in two, when lines end by ${name}`, async () => {
    const bytes = encoder.encode(STREAM.join(end));
    for (let cut = 0; cut <= bytes.length; cut++) {
      assert.deepEqual(await read([bytes.subarray(0, cut), bytes.subarray(cut)]), EXPECTED, `cut at ${cut}`);
    }
    assert.deepEqual(await read(Array.from(bytes, (byte) => Uint8Array.of(byte))), EXPECTED);
  });
}

test("sseData() drops a byte order mark and an event that no empty line ends", async () => {
  assert.deepEqual(await read([encoder.encode("\ufeffdata: a\n\ndata: b\n")]), ["a"]);
});

test("sseData() refuses an event without end, in one line and in many", async () => {
  await assert.rejects(read([encoder.encode(`data: ${"x".repeat(200)}`)], 100), RangeError);
  await assert.rejects(read([encoder.encode("data: 1234567890\n".repeat(20))], 100), RangeError);
  const short = encoder.encode(`data: 1234567890\n\n: ${"c".repeat(50)}\n`.repeat(20));
  assert.equal((await read([short], 100)).length, 20);
});

test("sseData() cancels the body when it is left early", async () => {
  let reason: unknown = "not cancelled";
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(encoder.encode("data: more\n\n")),
    cancel: (why) => {
      reason = why;
    },
  });
  for await (const data of sseData(body)) {
    assert.equal(data, "more");
    break;
  }
  assert.equal(reason, undefined);
});

test("sseData() throws what reading the body throws", async () => {
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new TypeError("network")),
  });
  await assert.rejects(collect(sseData(body)), /network/);
});
