// Makes sure that a model is packed: a packed folder is taken as it is, anything else is packed once into a cache.
// Takes a path and what is wanted; gives the folder. Must not know: how packing works, who asks.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { WeightFormat } from "../../kernels/abi.ts";
import { ModelFileError } from "../../src/errors.ts";
import { FORMAT, type Manifest, parseManifest } from "../../src/model/manifest.ts";
import { cacheFolder } from "../model-path.ts";
import { openSource } from "./open-source.ts";
import { type PackOptions, pack } from "./pack.ts";

export interface EnsureOptions extends Pick<PackOptions, "signal" | "onProgress" | "onNote" | "tileRows"> {
  /** Default: as many as the packed folder has; 1 when it is packed now. */
  readonly stages?: number | undefined;
  readonly quant?: WeightFormat | undefined;
  /** Default: `packed` in the cache of this machine. */
  readonly cacheFolder?: string | undefined;
}

/**
 * Reads and checks manifest.json of a packed folder; null when there is none.
 * @throws {ModelFileError} when it cannot be read as one
 */
export async function readManifest(folder: string): Promise<Manifest | null> {
  const path = join(folder, "manifest.json");
  if (!existsSync(path)) return null;
  const text = await readFile(path, "utf8");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ModelFileError(path, "is not JSON", { cause });
  }
  return parseManifest(json, path);
}

/**
 * The packed folder of a model: a packed folder itself, or a GGUF file or Hugging Face folder, packed on first use into
 * the cache under its content's hash and the options.
 * @throws {ModelFileError} when the model cannot be read, or a packed folder is not what is wanted
 */
export async function ensurePacked(modelPath: string, options: EnsureOptions = {}): Promise<string> {
  const packed = await readManifest(modelPath);
  if (packed !== null) {
    checkPacked(modelPath, packed, options);
    return resolve(modelPath);
  }
  const source = openSource(modelPath);
  let sha256: string;
  try {
    sha256 = await source.sha256();
  } finally {
    source.close();
  }
  const { quant, stages = 1, tileRows } = options;
  const wanted = [
    `f${FORMAT}`,
    quant ?? "auto",
    `${stages}`,
    ...(tileRows ? [`t${tileRows}`] : []),
    sha256.slice(0, 16),
  ];
  const out = join(options.cacheFolder ?? join(cacheFolder(), "packed"), [source.name, ...wanted].join("-"));
  if (!existsSync(join(out, "manifest.json"))) await pack(modelPath, { ...options, stages, out });
  return out;
}

/** A packed folder keeps no source, so another cut cannot be made from it. */
function checkPacked(path: string, manifest: Manifest, { stages, quant }: EnsureOptions): void {
  const has = `is packed in ${manifest.quant} for ${manifest.stages.length} stage(s)`;
  const again = `pack ${manifest.source.file} again with`;
  if (stages !== undefined && stages !== manifest.stages.length) {
    throw new ModelFileError(
      path,
      `${has}, not ${stages}; ${again} --stages ${stages}, or name that file as the model`,
    );
  }
  if (quant !== undefined && quant !== manifest.quant) {
    throw new ModelFileError(
      path,
      `${has}, not in ${quant}; ${again} --quant ${quant}, or name that file as the model`,
    );
  }
}
