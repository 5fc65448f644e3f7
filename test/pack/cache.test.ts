import assert from "node:assert/strict";
import { copyFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ensurePacked, readManifest } from "../../scripts/pack/cache.ts";
import { pack } from "../../scripts/pack/pack.ts";
import { TINY, temporaryFolder } from "./model.ts";

test("ensurePacked() packs a model file once for each set of options, and knows it by its content", async (t) => {
  const cacheFolder = join(temporaryFolder(t), "cache");
  let packed = 0;
  const onProgress = (done: number, total: number) => {
    if (done === total) packed++;
  };
  const first = await ensurePacked(TINY, { cacheFolder, onProgress });
  const written = statSync(join(first, "manifest.json")).mtimeMs;
  assert.equal(await ensurePacked(TINY, { cacheFolder, onProgress }), first);
  const copy = join(temporaryFolder(t), "tiny.gguf");
  copyFileSync(TINY, copy);
  assert.equal(await ensurePacked(copy, { cacheFolder, onProgress }), first);
  assert.equal(packed, 1);
  assert.equal(statSync(join(first, "manifest.json")).mtimeMs, written);

  const cut = await ensurePacked(TINY, { cacheFolder, onProgress, stages: 2 });
  assert.equal((await readManifest(cut))!.stages.length, 2);
  const small = await ensurePacked(TINY, { cacheFolder, onProgress, quant: "q4" });
  assert.equal((await readManifest(small))!.quant, "q4");
  assert.equal(packed, 3);
  assert.equal(readdirSync(cacheFolder).length, 3);
});

test("ensurePacked() takes a packed folder as it is, unless another cut or format is wanted", async (t) => {
  const out = join(temporaryFolder(t), "tiny");
  await pack(TINY, { out, stages: 2 });
  assert.equal(await ensurePacked(out), out);
  assert.equal(await ensurePacked(out, { stages: 2, quant: "q8" }), out);
  await assert.rejects(
    ensurePacked(out, { stages: 3 }),
    /for 2 stage\(s\), not 3; pack tiny.gguf again with --stages 3/,
  );
  await assert.rejects(ensurePacked(out, { quant: "q4" }), /pack tiny.gguf again with --quant q4/);
});

test("ensurePacked() says so when a folder's manifest is damaged or of another format", async (t) => {
  const out = join(temporaryFolder(t), "tiny");
  await pack(TINY, { out });
  const manifest = join(out, "manifest.json");
  writeFileSync(manifest, '{"format": 99}');
  await assert.rejects(ensurePacked(out), /format 99; this version reads format 1: pack the model again/);
  writeFileSync(manifest, "{");
  await assert.rejects(ensurePacked(out), /is not JSON/);
  await assert.rejects(ensurePacked(join(out, "nothing")), /no such file/);
});
