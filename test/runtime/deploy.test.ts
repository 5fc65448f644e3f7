// What `wrangler deploy` would upload from the repository root, against the platform's limits.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MIB = 2 ** 20;
/** Workers limits, 2026: uncompressed script; one static asset; assets of the free plan. */
const SCRIPT_BYTES = 64 * MIB;
const ASSET_BYTES = 25 * MIB;
const ASSETS = 20_000;

test("wrangler deploy --dry-run passes, within the platform's sizes", async (t) => {
  const out = mkdtempSync(join(tmpdir(), "qwen-edge-deploy-"));
  t.after(() => rmSync(out, { recursive: true }));
  await promisify(execFile)(process.execPath, ["scripts/shipped.ts"], { cwd: ROOT });
  const wrangler = join(ROOT, "node_modules", "wrangler", "bin", "wrangler.js");
  const env = {
    ...process.env,
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_WRITE_LOGS: "false",
    WRANGLER_HIDE_BANNER: "true",
  };
  const { stdout } = await promisify(execFile)(process.execPath, [wrangler, "deploy", "--dry-run", "--outdir", out], {
    cwd: ROOT,
    env,
  });
  assert.match(stdout, /env\.ENGINE \(EngineObject\)/);
  assert.match(stdout, /env\.ASSETS/);

  const modules = readdirSync(out).filter((file) => /\.(js|wasm)$/.test(file));
  assert.equal(modules.filter((file) => file.endsWith(".wasm")).length, 4, "three builds of the kernels and the math");
  const scriptBytes = modules.reduce((sum, file) => sum + statSync(join(out, file)).size, 0);
  assert.ok(scriptBytes <= SCRIPT_BYTES, `the script has ${scriptBytes} bytes`);

  const folder = join(ROOT, "build", "assets");
  const assets = readdirSync(folder, { recursive: true, encoding: "utf8" });
  assert.ok(assets.includes(join("model", "manifest.json")) && assets.includes(join("web", "index.html")));
  assert.ok(assets.length <= ASSETS);
  for (const file of assets)
    assert.ok(statSync(join(folder, file)).size <= ASSET_BYTES, `${file} is too large an asset`);
});
