import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { findModel } from "../../scripts/model-path.ts";

let cache = "";
const outer = process.env.QWEN_EDGE_CACHE;

before(() => {
  cache = mkdtempSync(join(tmpdir(), "qwen-edge-"));
  process.env.QWEN_EDGE_CACHE = cache;
  const file = (path: string) => {
    mkdirSync(join(cache, path, ".."), { recursive: true });
    writeFileSync(join(cache, path), "");
  };
  file("models/Qwen2.5-0.5B-q8_0.gguf");
  file("models/qwen2.5-1.5b-q4_0.gguf");
  file("models/hub-folder/config.json");
  file("models/one-file/some.gguf");
  file("models/notes.txt");
  file("packed/my-pack/manifest.json");
});

after(() => {
  rmSync(cache, { recursive: true });
  if (outer === undefined) delete process.env.QWEN_EDGE_CACHE;
  else process.env.QWEN_EDGE_CACHE = outer;
});

test("findModel() takes the shipped model when none is named", () => {
  assert.match(findModel(), /models.pocket.pocket\.gguf$/);
});

test("findModel() takes a path as it is, and a name from the known places", () => {
  for (const [model, path] of [
    [join(cache, "models"), "models"],
    ["qwen2.5-0.5b-Q8_0", "models/Qwen2.5-0.5B-q8_0.gguf"],
    ["qwen2.5-1", "models/qwen2.5-1.5b-q4_0.gguf"],
    ["hub-folder", "models/hub-folder"],
    ["some", "models/one-file/some.gguf"],
    ["my-pack", "packed/my-pack"],
  ] as const) {
    assert.equal(findModel(model), join(cache, path));
  }
});

test("findModel() refuses a beginning that fits two models, and an unknown name", () => {
  assert.throws(() => findModel("qwen2.5"), /qwen2\.5-0\.5b-q8_0 or qwen2\.5-1\.5b-q4_0/i);
  assert.throws(() => findModel("notes"), /No model notes is here: .*hub-folder/);
});
