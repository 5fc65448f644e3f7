import assert from "node:assert/strict";
import { test } from "node:test";
import type { Status } from "../../src/completer.ts";
import { fingerprintOf } from "../../src/http/fingerprint.ts";

const model = { name: "tiny", sha256: "a1", contextLength: 64, quant: "q4" };
const ready: Status = { state: "ready", progress: 1, model };

test("fingerprintOf() is one for one model, and another for another name, other weights, another packing or format of keys and values", async () => {
  const of = (changed: Partial<typeof model>, kv: "bf16" | "q8" = "bf16") =>
    fingerprintOf(async () => ({ ...ready, model: { ...model, ...changed } }), kv)();
  const all = await Promise.all([
    of({}),
    of({ name: "other" }),
    of({ sha256: "b2" }),
    of({ quant: "q8" }),
    of({}, "q8"),
  ]);
  assert.equal(new Set(all).size, 5);
  assert.equal(await of({ contextLength: 128 }), all[0]);
});

test("fingerprintOf() is null until the model is ready", async () => {
  let status: Status = { ...ready, state: "loading", progress: 0.5 };
  const fingerprint = fingerprintOf(async () => status, "bf16");
  assert.equal(await fingerprint(), null);
  status = ready;
  assert.match(String(await fingerprint()), /^fp_[0-9a-f]{10}$/);
});
