// Packs the model that ships into build/models/pocket, and lays it and the page out in build/assets, which wrangler.toml
// deploys. Part of `npm run build`; packs nothing when the packed folder is that file's already. Must not know: how
// packing works.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { layAssets } from "./assets.ts";
import { readManifest } from "./pack/cache.ts";
import { pack } from "./pack/pack.ts";

const FILE = fileURLToPath(new URL("../models/pocket/pocket.gguf", import.meta.url));
const FOLDER = fileURLToPath(new URL("../build/models/pocket", import.meta.url));
const ASSETS = fileURLToPath(new URL("../build/assets", import.meta.url));

const sha256 = createHash("sha256").update(readFileSync(FILE)).digest("hex");
// A folder of an older format cannot be read, and is replaced.
const packed = await readManifest(FOLDER).catch(() => null);
if (packed?.source.sha256 !== sha256) {
  await pack(FILE, { out: FOLDER, name: "pocket", force: true });
  console.log("pocket model packed");
}
await layAssets(ASSETS, FOLDER);
