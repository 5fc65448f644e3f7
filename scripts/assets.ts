// The folder of static assets that a Worker gets: a packed model under model/, the built page under web/.
// Owns: that layout, which src/platform reads. Takes the two folders; lays links to their files, so that a model of
// gigabytes costs nothing twice. Must not know: wrangler, what the files hold.

import { copyFile, link, mkdir, readdir, realpath, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where scripts/web.ts puts the page. */
export const WEB_FOLDER = fileURLToPath(new URL("../build/web", import.meta.url));

/** Makes `out` anew from the packed folder `model` and the built page. */
export async function layAssets(out: string, model: string, web: string = WEB_FOLDER): Promise<void> {
  await rm(out, { recursive: true, force: true });
  await mirror(model, join(out, "model"));
  await mirror(web, join(out, "web"));
}

async function mirror(from: string, to: string): Promise<void> {
  const entries = await readdir(from, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((e) => e.isFile() || e.isSymbolicLink())) {
    const source = join(entry.parentPath, entry.name);
    const target = join(to, source.slice(from.length));
    await mkdir(dirname(target), { recursive: true });
    // Folders on two disks, or a disk without links.
    await link(await realpath(source), target).catch(() => copyFile(source, target));
  }
}
