import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ModelFileError, UnavailableError } from "../../src/errors.ts";
import { type Load, Loader, type Model } from "../../src/platform/loader.ts";

const MODEL: Model = { name: "m", sha256: "a1", contextLength: 16, quant: "q8" };

/** A load whose steps the test takes; counts its beginnings. */
function manual() {
  const calls: { onModel: (m: Model) => void; onProgress: (p: number) => void; end: PromiseWithResolvers<string> }[] =
    [];
  const load: Load<string> = async (onModel, onProgress) => {
    const end = Promise.withResolvers<string>();
    calls.push({ onModel, onProgress, end });
    return { model: MODEL, engine: await end.promise };
  };
  return { load, calls };
}

/** Errors that the loader logs are expected here. */
function quiet(t: TestContext): void {
  t.mock.method(console, "error", () => {});
}

test("Loader starts loading once, when somebody first asks", async () => {
  const { load, calls } = manual();
  const loader = new Loader(load);
  assert.equal(calls.length, 0);
  assert.throws(() => loader.engine(), UnavailableError);
  assert.throws(() => loader.engine(), UnavailableError);
  assert.equal(calls.length, 1);
  calls[0]!.onModel(MODEL);
  calls[0]!.onProgress(0.625);
  assert.throws(() => loader.engine(), /62 %/);
  assert.deepEqual(await loader.status(), { state: "loading", progress: 0.625, model: MODEL });
  calls[0]!.end.resolve("engine");
  await loader.settled();
  assert.equal(loader.engine(), "engine");
  assert.deepEqual(await loader.status(), { state: "ready", progress: 1, model: MODEL });
  assert.equal(calls.length, 1);
});

test("Loader.status() waits until the model's name is known", async () => {
  const { load, calls } = manual();
  const status = new Loader(load).status();
  calls[0]!.onModel(MODEL);
  assert.equal((await status).model?.name, "m");
});

test("Loader takes a kept engine and loads nothing", async () => {
  const { load, calls } = manual();
  const loader = new Loader(load, { model: MODEL, engine: "kept" });
  assert.equal(loader.engine(), "kept");
  assert.equal((await loader.status()).state, "ready");
  assert.equal(calls.length, 0);
});

test("Loader reports a failed load, leaves it alone for a while and then tries again", async (t) => {
  quiet(t);
  t.mock.timers.enable({ apis: ["Date"] });
  const { load, calls } = manual();
  const loader = new Loader(load);
  const status = loader.status();
  calls[0]!.end.reject(new ModelFileError("stage-0-000.bin", "damaged"));
  assert.deepEqual(await status, {
    state: "failed",
    progress: 0,
    reason: "stage-0-000.bin: damaged",
    model: null,
  });
  t.mock.timers.tick(4_999);
  assert.throws(() => loader.engine(), /damaged/);
  assert.equal(calls.length, 1);
  t.mock.timers.tick(1);
  assert.throws(() => loader.engine(), /Loading model/);
  calls[1]!.end.resolve("engine");
  await loader.settled();
  assert.equal(loader.engine(), "engine");
});

test("Loader tells strangers nothing of an error that is not ours", async (t) => {
  quiet(t);
  const { load, calls } = manual();
  const loader = new Loader(load);
  const settled = loader.settled();
  calls[0]!.end.reject(new Error("/secret/path"));
  await settled;
  assert.doesNotMatch((await loader.status()).reason ?? "", /secret/);
});
