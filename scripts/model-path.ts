// Where models lie on this machine: from a name or a path to a packed folder, a GGUF file or a Hugging Face folder.
// Owns: the cache folder and the order in which places are searched. Must not know: what a model file holds.

import { existsSync, readdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const SHIPPED = fileURLToPath(new URL("../models/", import.meta.url));
/** The model that ships in the repository. */
const DEFAULT = "pocket";

/** Where downloaded and packed models are kept: QWEN_EDGE_CACHE, else the user's cache folder. */
export function cacheFolder(): string {
  const { QWEN_EDGE_CACHE, XDG_CACHE_HOME } = process.env;
  return QWEN_EDGE_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "qwen-edge");
}

/**
 * The path of a model: `model` itself if it is one, else a file or folder of that name among the shipped, the downloaded
 * and the packed models. A name may leave out the end of a file's name (`qwen2.5-0.5b` for `qwen2.5-0.5b-q8_0.gguf`).
 * @throws {Error} when there is none, or more than one
 */
export function findModel(model: string = DEFAULT): string {
  if (existsSync(model)) return resolve(model);
  const models = [SHIPPED, join(cacheFolder(), "models")].flatMap(list);
  const packed = list(join(cacheFolder(), "packed"));
  const wanted = model.toLowerCase();
  const exact = [...packed, ...models].find((path) => modelName(path) === wanted);
  if (exact !== undefined) return exact;
  const [begun, other] = models.filter((path) => modelName(path).startsWith(wanted));
  if (begun !== undefined && other !== undefined) {
    throw new Error(`The model ${model} may be ${modelName(begun)} or ${modelName(other)}; write more of its name`);
  }
  if (begun !== undefined) return begun;
  throw new Error(
    `No model ${model} is here: it is no path, and the models known are ${models.map(modelName).join(", ")}`,
  );
}

/** The models in a folder: GGUF files, packed folders, Hugging Face folders, and folders with one GGUF file. */
function list(place: string): string[] {
  if (!existsSync(place)) return [];
  return readdirSync(place).flatMap((entry) => {
    const path = join(place, entry);
    if (entry.endsWith(".gguf")) return [path];
    if (!statSync(path).isDirectory()) return [];
    const files = readdirSync(path);
    if (files.includes("manifest.json") || files.includes("config.json")) return [path];
    const gguf = files.filter((file) => file.endsWith(".gguf"));
    return gguf.length === 1 ? [join(path, gguf[0]!)] : [];
  });
}

function modelName(path: string): string {
  return basename(path, ".gguf").toLowerCase();
}
