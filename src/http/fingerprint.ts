// system_fingerprint: changes when the same seed may give another answer, because another model answers, or the same one
// with its keys and values stored in another way.
// Owns: its making from the edge model's status. Keeps the finished value once the model is ready, never a promise:
// on Workers one request must not await what another one began.

import type { Status } from "../completer.ts";

/** A function that gives the fingerprint, null while no model is ready. Throws what `status` throws. */
export function fingerprintOf(status: () => Promise<Status>, kvFormat: string): () => Promise<string | null> {
  let known: string | undefined;
  return async () => {
    if (known !== undefined) return known;
    const { state, model } = await status();
    if (state !== "ready" || model === null) return null;
    const identity = new TextEncoder().encode(JSON.stringify([model.name, model.sha256, model.quant, kvFormat]));
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", identity));
    known = `fp_${Array.from(digest.subarray(0, 5), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
    return known;
  };
}
