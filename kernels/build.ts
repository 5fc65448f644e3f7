// Builds the kernels: `node kernels/build.ts` compiles assembly/ with AssemblyScript to
// build/kernels-{i32,i16,plain}.wasm and build/math.wasm, in seconds, and does nothing when nothing changed.
// `--record` also writes kernels.sha256, the hashes of what the pinned compiler makes; a test compares them.
// Owns: the compiler's flags (they decide half of the speed, README.md says why). Must not know: what a kernel does.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { WEIGHT_FORMATS } from "./formats.ts";
import { generateFormats } from "./generate/formats.ts";
import { generatePanels } from "./generate/panels.ts";
import { generateTiles } from "./generate/tiles.ts";

const KERNELS = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(KERNELS);
const BUILD = join(ROOT, "build");
const GENERATED = join(BUILD, "generated");
const STAMP = join(BUILD, "kernels.stamp");

/** The file that holds one `hash  name` line per module. */
export const RECORD = join(KERNELS, "kernels.sha256");

// -O3, a shrink level and wasm-opt all nest the dots of an accumulator into one expression, whose loads then spill.
const COMMON = [
  ...["--optimizeLevel", "2", "--shrinkLevel", "0", "--runtime", "stub", "--noAssert"],
  ...["--uncheckedBehavior", "always", "--use", "abort="],
];

// A memory of the engine's; statics (masks, tables) lie in its first KERNEL_BYTES, which is one page.
const SHARED = ["--importMemory", "--noExportMemory", "--initialMemory", "2", "--enable", "simd"];

/** The modules and how each is compiled. DOT is the width of the integers a dot adds to: 32, 16, or 0 for plain SIMD. */
export const MODULES: Readonly<Record<string, readonly string[]>> = {
  "kernels-i32": ["kernels/assembly/index.ts", ...SHARED, "--enable", "relaxed-simd", "--use", "DOT=32"],
  "kernels-i16": ["kernels/assembly/index.ts", ...SHARED, "--enable", "relaxed-simd", "--use", "DOT=16"],
  "kernels-plain": ["kernels/assembly/index.ts", ...SHARED, "--use", "DOT=0"],
  math: ["kernels/assembly/math.ts", "--noExportMemory"],
};

/** What is printed to build/generated/, and by what. */
const PRINTED = { formats: generateFormats, panels: generatePanels, tiles: generateTiles };

/** Where the build puts a module. */
export function modulePath(name: string): string {
  return join(BUILD, `${name}.wasm`);
}

/** `hash  name` of every built module, the text of kernels.sha256. */
export function moduleHashes(): string {
  return Object.keys(MODULES)
    .map((name) => `${sha256(readFileSync(modulePath(name)))}  ${name}.wasm\n`)
    .join("");
}

/** Compiles what is out of date. Returns whether anything was. Throws with the compiler's messages. */
export async function build(): Promise<boolean> {
  const stamp = sourcesHash();
  if (isCurrent(stamp)) return false;
  mkdirSync(GENERATED, { recursive: true });
  for (const [name, generate] of Object.entries(PRINTED)) {
    replaceFile(join(GENERATED, `${name}.ts`), (path) => writeFileSync(path, generate()));
  }
  for (const [name, options] of Object.entries(MODULES)) await compile(name, options);
  replaceFile(STAMP, (path) => writeFileSync(path, stamp));
  return true;
}

async function compile(name: string, options: readonly string[]): Promise<void> {
  const temporary = `build/${name}.${process.pid}.wasm`;
  const args = [...options, ...COMMON, "--outFile", temporary, "--baseDir", ROOT];
  const { error, stderr } = await asc.main(args, { readFile: readSource });
  if (error) throw new Error(`AssemblyScript could not compile ${name}:\n${stderr.toString()}`, { cause: error });
  renameSync(join(ROOT, temporary), modulePath(name));
}

/** A source as the compiler sees it, or null: a paragraph with FORMAT in it comes once for each weight format. */
function readSource(file: string): string | null {
  const path = join(ROOT, file);
  if (!existsSync(path)) return null;
  return readFileSync(path, "utf8").replace(/^(.+\n)+/gm, (paragraph) =>
    paragraph.includes("FORMAT")
      ? WEIGHT_FORMATS.map((format) => paragraph.replaceAll("FORMAT", format)).join("\n")
      : paragraph,
  );
}

/** Writes beside the file, then renames: test files build at the same time, and none may read half a module. */
function replaceFile(path: string, write: (temporary: string) => void): void {
  const temporary = `${path}.${process.pid}`;
  write(temporary);
  renameSync(temporary, path);
}

/** A hash of everything that the modules are made from: sources, formats, generators, this file and the compiler's version. */
function sourcesHash(): string {
  const files = readdirSync(KERNELS, { recursive: true, encoding: "utf8" })
    .filter((file) => /^(abi|assembly|build|formats|generate)\b.*\.ts$/.test(file))
    .sort();
  const hash = createHash("sha256").update(asc.version);
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(join(KERNELS, file)));
  return hash.digest("hex");
}

function isCurrent(stamp: string): boolean {
  try {
    for (const name of Object.keys(MODULES)) readFileSync(modulePath(name));
    return readFileSync(STAMP, "utf8") === stamp;
  } catch {
    return false;
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const changed = await build();
  if (process.argv.includes("--record")) writeFileSync(RECORD, moduleHashes());
  console.log(changed ? "kernels built" : "kernels are up to date");
}
