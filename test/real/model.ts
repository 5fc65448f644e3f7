// The real model that the checks in this folder run on: QWEN_EDGE_REAL, a GGUF file or a packed folder.
// .ci/run sets it after `../shared/models/fetch`, where that exists; without it everything here is skipped.

import { ensurePacked } from "../../scripts/pack/cache.ts";
import type { Manifest } from "../../src/model/manifest.ts";
import { createPrompter } from "../../src/prompt/chatml.ts";
import { encodeParts } from "../../src/token/encode.ts";
import type { Vocab } from "../../src/token/vocab.ts";

const PATH = process.env.QWEN_EDGE_REAL ?? "";

/** For node:test: why the checks do not run, or false. */
export const skip = PATH === "" && "QWEN_EDGE_REAL names no model";
/** A packed folder cannot be cut anew. */
export const skipCuts = skip || (!PATH.endsWith(".gguf") && "QWEN_EDGE_REAL is packed already; a GGUF can be cut");

/** The packed model; a GGUF is packed on first use, into the user's cache. */
export function realModel(stages?: number): Promise<string> {
  return ensurePacked(PATH, stages === undefined || stages === 1 ? {} : { stages });
}

/** The prompt's ids for one question, as the server makes them. */
export function promptIds(manifest: Manifest, vocab: Vocab, question: string): number[] {
  return encodeParts(vocab, createPrompter(manifest.chat_template).render([{ role: "user", content: question }]));
}
