// The Worker's side of the engine: what a lost Durable Object looks like to a client.

import assert from "node:assert/strict";
import { test } from "node:test";
import { UnavailableError } from "../../src/errors.ts";
import { remoteEngine } from "../../src/platform/remote-engine.ts";

test("remoteEngine() tells a client to come back, when the object is lost", async () => {
  const lost = remoteEngine({ fetch: () => Promise.reject(new Error("Durable Object was reset")) });
  await assert.rejects(lost.text.detokenize([1]), (error: unknown) => {
    assert.ok(error instanceof UnavailableError);
    assert.equal(error.retryAfterSeconds, 1);
    return true;
  });
});
