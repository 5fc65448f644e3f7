// What peers need: their packages, and the same weights in their formats.
// Takes peers and a GGUF file; gives those that can be had, and GGUF files, made once and kept in this machine's
// cache. Must not know: what is measured.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheFolder } from "../scripts/model-path.ts";

const BENCH = fileURLToPath(new URL("./", import.meta.url));

export type Peer = "llama" | "wllama";

const PACKAGES: Readonly<Record<Peer, string>> = { llama: "node-llama-cpp", wllama: "@wllama/wllama" };

export interface PeerOptions {
  /** Where their packages are, or come to be. */
  readonly folder?: string;
  /** Installs them there; npm unless given. @throws when it cannot */
  readonly install?: (folder: string) => void;
  readonly onNote: (line: string) => void;
}

/**
 * Those of `peers` whose packages are there, bench/package.json being installed on first use. Where that fails a note
 * names the others. llama needs no package where LLAMA_BENCH names a program.
 */
export function installPeers(
  peers: readonly Peer[],
  { folder = BENCH, install = installPackages, onNote }: PeerOptions,
): Peer[] {
  const isThere = (peer: Peer) =>
    (peer === "llama" && Boolean(process.env.LLAMA_BENCH)) || existsSync(join(folder, "node_modules", PACKAGES[peer]));
  if (peers.every(isThere)) return [...peers];
  try {
    install(folder);
    return [...peers];
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n")[0] : String(error);
    const missing = peers.filter((peer) => !isThere(peer));
    onNote(`${missing.join(" and ")} left out: ${why}; to try again: npm install --prefix bench --no-package-lock`);
    return peers.filter(isThere);
  }
}

function installPackages(folder: string): void {
  execFileSync("npm", ["install", "--no-package-lock"], { cwd: folder, stdio: ["ignore", 2, 2] });
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
