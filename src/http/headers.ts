// The headers of every answer, errors and streams included: request id, CORS, and what keeps browsers careful; of a
// chat answer also where it was made. Owns: those headers and the answer to a CORS preflight. Takes the allowed origins.
// Must not know: paths, bodies.

import type { MiddlewareHandler } from "hono";

/** What the middlewares leave in Hono's context. */
export interface HttpEnv {
  Variables: {
    requestId: string;
    /** Whose request it is: one word for each API key, which does not tell the key. */
    scope?: string;
    choice?: { readonly where: "edge" | "origin"; readonly model: string };
  };
}

const EXPOSED = "x-request-id, retry-after, retry-after-ms, x-should-retry, x-qwen-edge-route, x-qwen-edge-model";

/** Names a request, answers preflights and decorates every answer on its way out. */
export function answerHeaders({ corsOrigins }: { corsOrigins: readonly string[] }): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    const requestId = acceptRequestId(c.req.header("x-request-id")) ?? `req_${crypto.randomUUID().replaceAll("-", "")}`;
    c.set("requestId", requestId);
    const isPreflight = c.req.method === "OPTIONS" && c.req.header("access-control-request-method") !== undefined;
    // No key is asked for: a browser sends none with a preflight.
    if (isPreflight) c.res = new Response(null, { status: 204, headers: preflightHeaders(c.req.raw.headers) });
    else await next();

    const headers = c.res.headers;
    const allowed = allowedOrigin(c.req.header("origin"), corsOrigins);
    if (allowed !== undefined) headers.set("access-control-allow-origin", allowed);
    if (allowed !== undefined) headers.set("access-control-expose-headers", EXPOSED);
    if (!corsOrigins.includes("*")) headers.append("vary", "Origin");
    setIfAbsent(headers, "x-request-id", requestId);
    const { choice } = c.var;
    if (choice !== undefined) {
      headers.set("x-qwen-edge-route", choice.where);
      // A name may have characters that a header cannot carry.
      headers.set("x-qwen-edge-model", encodeURI(choice.model.toWellFormed()));
    }
    setIfAbsent(headers, "cache-control", "no-store");
    setIfAbsent(headers, "content-security-policy", "default-src 'none'; frame-ancestors 'none'");
    setIfAbsent(headers, "cross-origin-resource-policy", "cross-origin");
    setIfAbsent(headers, "referrer-policy", "no-referrer");
    headers.set("x-content-type-options", "nosniff");
  };
}

/** A client's own id, when it is short and plain enough to stand in a header and a log. */
function acceptRequestId(id: string | undefined): string | undefined {
  return id !== undefined && /^[\w.:=-]{1,128}$/.test(id) ? id : undefined;
}

/** The asked headers are echoed: `*` would not cover Authorization, and SDKs send a dozen of their own. */
function preflightHeaders(asked: Headers): Record<string, string> {
  const names = asked.get("access-control-request-headers") ?? "";
  return {
    "access-control-allow-methods": "GET, HEAD, POST, OPTIONS",
    "access-control-max-age": "600",
    vary: "Access-Control-Request-Headers",
    ...(/^[\w\-, ]{1,2048}$/.test(names) ? { "access-control-allow-headers": names } : {}),
  };
}

function allowedOrigin(origin: string | undefined, allowed: readonly string[]): string | undefined {
  if (allowed.includes("*")) return "*";
  return origin !== undefined && allowed.includes(origin) ? origin : undefined;
}

function setIfAbsent(headers: Headers, name: string, value: string): void {
  if (!headers.has(name)) headers.set(name, value);
}
