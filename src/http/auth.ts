// The API key: `Authorization: Bearer KEY`, or llama-server's `x-api-key`, compared in constant time.
// Owns: the check, and the scope that a key's requests share. Takes the configured keys; with none, everybody may come in.
// Keys are compared by their SHA-256: digests have one length, and how many of their bytes agree tells nothing of the key.
// Must not know: routes.

import type { MiddlewareHandler } from "hono";
import { AuthError } from "../errors.ts";
import type { HttpEnv } from "./headers.ts";

/** The scope of all requests to a service without keys. */
const OPEN_SCOPE = "open";

/** Lets a request pass that carries one of `apiKeys`, and names its scope. Throws AuthError. */
export function requireKey(apiKeys: readonly string[]): MiddlewareHandler<HttpEnv> {
  // Finished values only: a promise made in one request must not be awaited in another on Workers.
  let digests: readonly Uint8Array[] | undefined;
  return async (c, next) => {
    if (apiKeys.length === 0) {
      c.set("scope", OPEN_SCOPE);
      return next();
    }
    const key = readKey(c.req.raw.headers);
    if (key === undefined) throw new AuthError("No API key was given; send the header Authorization: Bearer KEY");
    digests ??= await Promise.all(apiKeys.map(digest));
    const given = await digest(key);
    let isKnown = false;
    // Every key is compared, to its end.
    for (const known of digests) isKnown = isEqual(known, given) || isKnown;
    if (!isKnown) throw new AuthError("The API key is not one of this service's");
    c.set("scope", await scopeOf(key));
    return next();
  };
}

function readKey(headers: Headers): string | undefined {
  const bearer = /^Bearer +(\S+)\s*$/i.exec(headers.get("authorization") ?? "");
  return bearer?.[1] ?? headers.get("x-api-key") ?? undefined;
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

/** A word for a key: another hash than the one that is compared, so it helps nobody to come in. */
async function scopeOf(key: string): Promise<string> {
  return (await digest(`scope of ${key}`)).slice(0, 16).join(".");
}

/** Compares two SHA-256 digests without stopping at the first difference. */
function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  let difference = 0;
  for (let i = 0; i < 32; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}
