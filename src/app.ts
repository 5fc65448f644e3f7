// The service as a Hono app: routes, middleware, and errors in OpenAI's shape.
// Owns: which path leads where. Takes the two completers, the edge model's text tools and status, and the settings;
// gives an app to serve, or to mount under a path of another one. Must not know: a runtime, an engine.

import { type ErrorHandler, Hono, type MiddlewareHandler } from "hono";
import type { Completer, ForwardRequest, Status, TextTools } from "./completer.ts";
import { type Config, redacted } from "./config.ts";
import { RequestError } from "./errors.ts";
import { requireKey } from "./http/auth.ts";
import { chat } from "./http/chat.ts";
import { describeError, errorResponse, type Log, logError } from "./http/error.ts";
import { fingerprintOf } from "./http/fingerprint.ts";
import { answerHeaders, type HttpEnv } from "./http/headers.ts";
import { getModel, health, listModels } from "./http/models.ts";
import { type OpenPageFile, PAGE_PATHS, pageFile } from "./http/page.ts";
import { applyTemplate, detokenize, tokenize } from "./http/text.ts";
import { type Choice, choose as chooseModel, isPattern } from "./origin/choose.ts";

export interface AppParts {
  readonly completers: { readonly edge: Completer; readonly origin: Completer<ForwardRequest> };
  readonly text: TextTools;
  readonly status: () => Promise<Status>;
  readonly config: Config;
  /** The playground's files, served at / and open to all; without it there is no page. */
  readonly page?: OpenPageFile;
  /** Where errors of the service go; standard error as JSON lines unless given. */
  readonly log?: Log;
}

interface Route {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly handler: MiddlewareHandler<HttpEnv>;
  /** Answered without an API key. */
  readonly isOpen?: boolean;
}

/** The whole service: `createApp(parts).fetch(request)`, or `yourApp.route("/ai", createApp(parts))`. */
export function createApp(parts: AppParts): Hono<HttpEnv> {
  const { completers, text, status, config, page, log = logLine } = parts;
  const { maxBodyBytes, maxEdgeBodyBytes, keepAliveMs } = config;
  const choose = chooser(status, config);
  const originModels = config.origins.map(({ name }) => name).filter((name) => !isPattern(name));
  const models = { choose, status, originModels, settings: redacted(config) };
  const texts = { text, maxBodyBytes: maxEdgeBodyBytes };
  const fingerprint = fingerprintOf(status, config.kvFormat);
  const routes: readonly Route[] = [
    {
      method: "POST",
      path: "/v1/chat/completions",
      handler: chat({ choose, completers, fingerprint, maxBodyBytes, maxEdgeBodyBytes, keepAliveMs, log }),
    },
    { method: "GET", path: "/v1/models", handler: listModels(models) },
    // A name may have slashes: Qwen/Qwen2.5-7B-Instruct.
    { method: "GET", path: "/v1/models/:id{.+}", handler: getModel(models) },
    { method: "GET", path: "/health", handler: health(models), isOpen: true },
    { method: "POST", path: "/tokenize", handler: tokenize(texts) },
    { method: "POST", path: "/detokenize", handler: detokenize(texts) },
    { method: "POST", path: "/apply-template", handler: applyTemplate(texts) },
  ];

  const app = new Hono<HttpEnv>();
  app.onError(errorAnswer(log));
  app.use("*", answerHeaders(config));
  const withKey = requireKey(config.apiKeys);
  const files: readonly Route[] =
    page === undefined
      ? []
      : PAGE_PATHS.map((path) => ({ method: "GET", path, handler: pageFile(page), isOpen: true }));
  for (const { method, path, handler, isOpen = false } of [...routes, ...files]) {
    if (isOpen) app.on(method, path, handler);
    else app.on(method, path, withKey, handler);
    app.all(path, otherMethods(method));
  }
  // Not app.notFound: that one is lost where this app is mounted in another.
  app.all("*", () => {
    throw new RequestError(
      `Unknown path; try ${routes.map((route) => route.path.replace(/:(\w+).*/, "{$1}")).join(", ")}`,
      {
        status: 404,
        code: "unknown_path",
      },
    );
  });
  return app;
}

/** What a host serves whose settings are wrong: that, on every path, to everybody. */
export function brokenApp(error: unknown, log: Log = logLine): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  app.onError(errorAnswer(log));
  app.use("*", answerHeaders({ corsOrigins: ["*"] }));
  app.all("*", () => {
    throw error;
  });
  return app;
}

function errorAnswer(log: Log): ErrorHandler<HttpEnv> {
  return (error, c) => {
    // Nobody reads this answer; 499 is what logs call a client that left.
    if (c.req.raw.signal.aborted) return new Response(null, { status: 499 });
    logError(error, c.var.requestId, log);
    return errorResponse(describeError(error, c.var.requestId));
  };
}

/**
 * Which model runs where. The edge model's name is asked for until it is known, and then kept: on Workers asking is a call to
 * another object. Who cannot be asked has no name, and says so itself when it is asked for more.
 */
function chooser(status: () => Promise<Status>, config: Config): (model: string | undefined) => Promise<Choice> {
  let edge: string | null = null;
  return async (model) => {
    edge ??= await status().then(
      (known) => known.model?.name ?? null,
      () => null,
    );
    return chooseModel(model, { edge, aliases: config.modelAliases, origins: config.origins });
  };
}

/** OPTIONS tells the methods of a path, any other one is refused with them. HEAD is GET without a body, by Hono. */
function otherMethods(method: Route["method"]): MiddlewareHandler<HttpEnv> {
  const allow = method === "GET" ? "GET, HEAD, OPTIONS" : `${method}, OPTIONS`;
  return async (c) => {
    if (c.req.method === "OPTIONS") return new Response(null, { status: 204, headers: { allow } });
    const error = new RequestError(`The method is not allowed here; expected ${allow}`, {
      status: 405,
      code: "method_not_allowed",
    });
    const answer = describeError(error, c.var.requestId);
    return errorResponse({ ...answer, headers: { ...answer.headers, allow } });
  };
}

function logLine(entry: Readonly<Record<string, unknown>>): void {
  console.error(JSON.stringify(entry));
}
