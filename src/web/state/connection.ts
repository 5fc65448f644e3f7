// The server as the page sees it: its key, its models, and whether its model has loaded.
// Owns: where the key is kept (this tab's session, or the browser when the person says so), asking for models, and
// waiting for a model that loads. Must not know: conversations, a view.

import { batch, computed, signal } from "@preact/signals";
import { type Connection, connectionOf, type Health, health, listModels, type ModelInfo } from "../api.ts";
import { ApiError } from "../api-error.ts";

const KEY_NAME = "qwen-edge-api-key";
const HEALTH_EVERY_MS = 1000;
/** A key is typed or pasted: the models are asked for when it is whole. */
const TYPING_MS = 400;

export const apiKey = signal(readKey(() => localStorage) || readKey(() => sessionStorage));
export const isKeyRemembered = signal(readKey(() => localStorage) !== "");
export const connection = computed((): Connection => connectionOf(location.href, apiKey.value));

export const models = signal<readonly ModelInfo[]>([]);
/** Why the models are not known; null when they are, or are being asked for. */
export const modelsError = signal<ApiError | null>(null);
/** What the server last said of its model while it was not ready; null when it is, or nothing is known. */
export const loading = signal<Health | null>(null);

let asking: ReturnType<typeof setTimeout>;

/** Takes a key for this tab, or for this browser when it is to be remembered, and asks for the models with it. */
export function setApiKey(key: string, isRemembered: boolean): void {
  const isNew = key !== apiKey.value;
  batch(() => {
    apiKey.value = key;
    isKeyRemembered.value = isRemembered;
    if (isNew) modelsError.value = null;
  });
  writeKey(() => localStorage, isRemembered ? key : "");
  writeKey(() => sessionStorage, isRemembered ? "" : key);
  clearTimeout(asking);
  if (isNew) asking = setTimeout(loadModels, TYPING_MS);
}

/** Asks which models there are. What fails is in `modelsError`. */
export async function loadModels(): Promise<void> {
  const asked = connection.value;
  const answer = await listModels(asked).catch((error: unknown) => error);
  if (asked !== connection.value) return;
  batch(() => {
    if (Array.isArray(answer)) models.value = answer;
    modelsError.value = Array.isArray(answer) ? null : asApiError(answer);
  });
}

/**
 * Asks for the server's health until its model is ready. Throws ApiError when the server cannot be reached or the model
 * failed to load; rejects with the signal's reason when aborted.
 */
export async function waitUntilReady(abort: AbortSignal): Promise<void> {
  for (;;) {
    const said = await health(connection.value, abort);
    loading.value = said.state === "ready" ? null : said;
    if (said.state === "ready") return;
    if (said.state === "failed") throw new ApiError("server", said.reason ?? "", { status: 503, code: "model_failed" });
    await pause(HEALTH_EVERY_MS, abort);
  }
}

/** The model that a conversation with this setting asks: the first one when none is chosen. */
export function effectiveModel(chosen: string): ModelInfo | undefined {
  const all = models.value;
  if (chosen !== "") return all.find(({ id }) => id === chosen);
  return all.find(({ route }) => route === "edge") ?? all[0];
}

export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError("server", error instanceof Error ? error.message : "");
}

/** Resolves after `ms`; rejects with the signal's reason when aborted. */
export function pause(ms: number, abort: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      abort.removeEventListener("abort", give);
      resolve();
    }, ms);
    const give = () => {
      clearTimeout(timer);
      reject(abort.reason);
    };
    if (abort.aborted) return give();
    abort.addEventListener("abort", give, { once: true });
  });
}

// A browser that blocks storage throws when it is named.
function readKey(storage: () => Storage): string {
  try {
    return storage().getItem(KEY_NAME) ?? "";
  } catch {
    return "";
  }
}

function writeKey(storage: () => Storage, key: string): void {
  try {
    if (key === "") storage().removeItem(KEY_NAME);
    else storage().setItem(KEY_NAME, key);
  } catch {
    // Then the key lives as long as the page.
  }
}
