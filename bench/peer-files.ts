// What peers need: their packages, and the same weights in their formats.
// Takes a GGUF file; gives GGUF files, made once and kept in this machine's cache. Must not know: what is measured.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheFolder } from "../scripts/model-path.ts";

const BENCH = fileURLToPath(new URL("./", import.meta.url));

/** Installs bench/package.json on first use. @throws when npm cannot */
export function installPeers(): void {
  const isThere = ["node-llama-cpp", "@wllama/wllama"].every((name) => existsSync(join(BENCH, "node_modules", name)));
  if (isThere) return;
  execFileSync("npm", ["install", "--no-package-lock"], { cwd: BENCH, stdio: ["ignore", 2, 2] });
}

/**
 * The file in which every matrix of `model`, the table too, has a format of llama.cpp's.
 * @throws when Python or PyPI's gguf is missing
 */
export function quantized(model: string, type: "Q4_0" | "Q8_0"): string {
  const { size, mtimeMs } = statSync(model);
  const folder = join(cacheFolder(), "bench");
  const name = `${basename(model, ".gguf")}-${size.toString(36)}-${Math.floor(mtimeMs).toString(36)}.${type}.gguf`;
  const path = join(folder, name);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const python = process.env.PYTHON || "python3";
  try {
    execFileSync(python, [join(BENCH, "quantize.py"), model, path, "--type", type], { stdio: ["ignore", 2, 2] });
  } catch (cause) {
    const install = "pip install -r bench/requirements.txt";
    throw new Error(`${type} of ${basename(model)} could not be made; needs ${install} (PYTHON names another Python)`, {
      cause,
    });
  }
  return path;
}

/** The format that a file's name tells, as llama.cpp writes it: Q4_K_M; null when it tells none. */
export function formatOf(model: string): string | null {
  return /(?:^|[-._])(i?q\d[_a-z0-9]*|b?f16|f32)\.gguf$/i.exec(basename(model))?.[1]?.toUpperCase() ?? null;
}
