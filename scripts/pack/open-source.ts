// Opens a published model, whichever form it has: a GGUF file or a Hugging Face folder.
// Takes a path; gives a Source. Must not know: what either looks like inside.

import { statSync } from "node:fs";
import { ModelFileError } from "../../src/errors.ts";
import { openGgufSource } from "./gguf-source.ts";
import { openHubFolder } from "./hub-folder.ts";
import type { Source } from "./source.ts";

/**
 * Opens a model; the caller closes it.
 * @throws {ModelFileError} when there is none at that path, or it cannot be read
 */
export function openSource(path: string): Source {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) {
    throw new ModelFileError(path, "no such file; expected a GGUF file or a Hugging Face folder with config.json");
  }
  return status.isDirectory() ? openHubFolder(path) : openGgufSource(path);
}
