// Packs the model that ships into build/models/tiny, where wrangler.toml looks for a model to deploy.
// Part of `npm run build`; does nothing when the packed folder is that file's already. Must not know: how packing works.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readManifest } from "./pack/cache.ts";
import { pack } from "./pack/pack.ts";

const FILE = fileURLToPath(new URL("../models/tiny/tiny.gguf", import.meta.url));
const FOLDER = fileURLToPath(new URL("../build/models/tiny", import.meta.url));

const sha256 = createHash("sha256").update(readFileSync(FILE)).digest("hex");
// A folder of an older format cannot be read, and is replaced.
const packed = await readManifest(FOLDER).catch(() => null);
if (packed?.source.sha256 !== sha256) {
  await pack(FILE, { out: FOLDER, name: "tiny", force: true });
  console.log("tiny model packed");
}
