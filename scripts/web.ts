// Bundles the playground: src/web -> build/web, by esbuild. Part of `npm run build`.
// Owns: what the page is made of and what it weighs. index.html names the entry points: scripts and styles get the hash
// of their content into their names and go to assets/, where a browser may keep them for ever; other files are copied.
// Must not know: servers, what the page does.

import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build, type Metafile } from "esbuild";
import { WEB_FOLDER } from "./assets.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const SOURCE = join(ROOT, "src", "web");

export interface PageFile {
  /** In the built folder: `assets/main-3F2A.js`. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Fetched only when some code asks for it. */
  readonly isLazy: boolean;
}

/** Makes the page in memory. @throws what esbuild finds wrong, or an Error when index.html names a missing file */
export async function bundlePage(): Promise<PageFile[]> {
  const html = await readFile(join(SOURCE, "index.html"), "utf8");
  const named = [...html.matchAll(/(?:src|href)="\.\/([\w./-]+)"/g)].map(([, path = ""]) => path);
  const isEntry = (path: string) => /\.(tsx?|css)$/.test(path);
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: named.filter(isEntry).map((path) => join(SOURCE, path)),
    outdir: join(WEB_FOLDER, "assets"),
    tsconfig: join(ROOT, "tsconfig.web.json"),
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    minify: true,
    charset: "utf8",
    legalComments: "eof",
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const outputs = Object.entries(metafile.outputs).map(([path, output]) => ({ path: fromWeb(path), ...output }));
  const early = reachedFirst(metafile);
  let page = html;
  for (const path of named.filter(isEntry)) {
    const entry = outputs.find(({ entryPoint }) => entryPoint === relative(ROOT, join(SOURCE, path)));
    if (entry !== undefined) page = page.replaceAll(`"./${path}"`, `"./${entry.path}"`);
  }
  const bundled = outputFiles.map(({ path, contents }) => {
    const inWeb = fromWeb(relative(ROOT, path));
    return { path: inWeb, bytes: contents, isLazy: !early.has(inWeb) };
  });
  const copied = named
    .filter((path) => !isEntry(path))
    .map(async (path) => {
      return { path: basename(path), bytes: await readFile(join(SOURCE, path)), isLazy: true };
    });
  const index = { path: "index.html", bytes: new TextEncoder().encode(page), isLazy: false };
  return [index, ...bundled, ...(await Promise.all(copied))];
}

/** What the entry points need before they run: themselves and what they import, not what they load later. */
function reachedFirst({ outputs }: Metafile): Set<string> {
  const reached = new Set<string>();
  const visit = (path: string): void => {
    if (reached.has(fromWeb(path))) return;
    reached.add(fromWeb(path));
    for (const { path: next, kind } of outputs[path]?.imports ?? []) if (kind !== "dynamic-import") visit(next);
  };
  // A chunk that is loaded later is an entry point to esbuild, too; those of index.html lie beside no importer.
  const later = new Set(
    Object.values(outputs).flatMap(({ imports }) => imports.filter((i) => i.kind === "dynamic-import")),
  );
  const lazy = new Set([...later].map(({ path }) => path));
  for (const [path, { entryPoint }] of Object.entries(outputs)) {
    if (entryPoint !== undefined && !lazy.has(path)) visit(path);
  }
  return reached;
}

/** A path from the repository's root, as seen from the built folder. */
function fromWeb(path: string): string {
  return relative(WEB_FOLDER, join(ROOT, path)).replaceAll("\\", "/");
}

/** Bytes over the wire, of the scripts that a first visit fetches, by gzip and by brotli as servers use them. */
export function wireSize(files: readonly PageFile[]): { gzip: number; brotli: number } {
  const scripts = files.filter(({ path, isLazy }) => path.endsWith(".js") && !isLazy);
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };
  return {
    gzip: scripts.reduce((sum, { bytes }) => sum + gzipSync(bytes).length, 0),
    brotli: scripts.reduce((sum, { bytes }) => sum + brotliCompressSync(bytes, quality).length, 0),
  };
}

if (import.meta.main) {
  const files = await bundlePage();
  await rm(WEB_FOLDER, { recursive: true, force: true });
  for (const { path, bytes } of files) {
    await mkdir(dirname(join(WEB_FOLDER, path)), { recursive: true });
    await writeFile(join(WEB_FOLDER, path), bytes);
  }
  const { gzip, brotli } = wireSize(files);
  console.log(`playground built: ${kilobytes(gzip)} of scripts over the wire by gzip, ${kilobytes(brotli)} by brotli`);
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
