// The playground's files: GET /, /favicon.svg and /assets/NAME, with what keeps a browser strict about them.
// Owns: which files may be asked for, their types, caching and security headers. Takes a function that opens a file of
// the built page; gives responses. Must not know: where the files lie, what the page does.

import type { Context } from "hono";
import { RequestError } from "../errors.ts";

/** Opens a file of the built page by its path in it, such as `index.html` or `assets/main-3F2A.js`; null: none there. */
export type OpenPageFile = (path: string) => Promise<ReadableStream<Uint8Array> | null>;

/** The paths that the page answers under. A name below /assets has a hash of its content, put there by the bundler. */
export const PAGE_PATHS = ["/", "/favicon.svg", "/assets/:name{[A-Za-z0-9_-]+\\.(?:js|css|svg)}"] as const;

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

/** Everything comes from here and goes to here. Whoever puts a script into an answer finds no way to run it. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": CONTENT_SECURITY_POLICY,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
  "referrer-policy": "no-referrer",
};

const FOREVER = "public, max-age=31536000, immutable";

/** The handler of every path of PAGE_PATHS. Throws RequestError (404) when the build has no such file. */
export function pageFile(open: OpenPageFile): (c: Context) => Promise<Response> {
  return async (c) => {
    const { path, isHashed } = locate(c);
    const body = await open(path);
    if (body === null) throw new RequestError(`The page has no ${path}`, { status: 404, code: "unknown_path" });
    const type = TYPES[path.split(".").at(-1) ?? ""] ?? "application/octet-stream";
    const headers = { ...SECURITY_HEADERS, "content-type": type };
    if (isHashed) {
      const kept = { ...headers, "cache-control": FOREVER };
      if (c.req.method !== "HEAD") return new Response(body, { headers: kept });
      // Nobody else would close the file: a body that is not sent is not read either.
      await body.cancel();
      return new Response(null, { headers: kept });
    }
    // A few kilobytes, asked for anew with each visit.
    const bytes = await new Response(body).arrayBuffer();
    const etag = await tagOf(bytes);
    const fresh = { ...headers, "cache-control": "no-cache", etag };
    const isKnown = knows(c.req.header("if-none-match"), etag);
    return isKnown ? new Response(null, { status: 304, headers: fresh }) : new Response(bytes, { headers: fresh });
  };
}

/** The file that a path of PAGE_PATHS stands for. */
function locate(c: Context): { path: string; isHashed: boolean } {
  const name = c.req.param("name");
  if (name !== undefined) return { path: `assets/${name}`, isHashed: true };
  return { path: c.req.path.endsWith(".svg") ? "favicon.svg" : "index.html", isHashed: false };
}

async function tagOf(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return `"${Array.from(digest.subarray(0, 12), (byte) => byte.toString(16).padStart(2, "0")).join("")}"`;
}

/** Compared weakly: whoever compresses an answer on its way makes its tag a weak one. */
function knows(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = (ifNoneMatch ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes(etag) || tags.includes("*");
}
