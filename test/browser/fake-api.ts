// The real app over a scripted completer, behind an HTTP server in this process: any answer and any error on demand.
// Owns: the way between node:http and the app's fetch. Takes what the completer shall do; gives an address. The page
// comes from the bundler's memory, so a test always sees the sources as they are.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { bundlePage } from "../../scripts/web.ts";
import type { ChatRequest, Completer, Status } from "../../src/completer.ts";
import type { OpenPageFile } from "../../src/http/page.ts";
import { type FakeParts, fakeApp, READY, ScriptedCompleter, type Step, says } from "../fakes/completer.ts";

/** What the next questions get: the steps of an answer, or an error before its first byte. */
export type Script = readonly Step[] | Error;

export interface FakeApi {
  readonly url: string;
  /** The chat requests that reached the model. */
  readonly asked: ChatRequest[];
  /** One script a question; the last one stays. */
  answer(...scripts: Script[]): void;
  setStatus(status: Partial<Status>): void;
  /** Breaks every connection that is open, as a network does that goes away. */
  cut(): void;
  close(): Promise<void>;
}

const page = readPage();

async function readPage(): Promise<OpenPageFile> {
  const files = new Map((await bundlePage()).map(({ path, bytes }) => [path, bytes]));
  return async (path) => {
    const bytes = files.get(path);
    return bytes === undefined ? null : new Response(new Uint8Array(bytes)).body;
  };
}

export async function startFakeApi(env: FakeParts["env"] = {}): Promise<FakeApi> {
  let scripts: readonly Script[] = [says("Hello", " world")];
  let status = READY;
  const asked: FakeApi["asked"] = [];
  const edge: Completer = {
    async complete(request, signal) {
      asked.push(request);
      const [script = [], ...rest] = scripts;
      if (rest.length > 0) scripts = rest;
      const completer = new ScriptedCompleter(
        script instanceof Error ? [] : script,
        script instanceof Error ? { rejection: script } : {},
      );
      return completer.complete(request, signal);
    },
  };
  const { app } = fakeApp({ edge, env, status: async () => status, page: await page });
  const server = createServer((request, response) => void serve(app.fetch, request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answer: (...next) => {
      scripts = next;
    },
    setStatus: (next) => {
      status = { ...status, ...next };
    },
    cut: () => server.closeAllConnections(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(
  fetch: (request: Request) => Response | Promise<Response>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const leaving = new AbortController();
  response.on("close", () => leaving.abort());
  const { method = "GET", url = "/" } = request;
  const body = method === "GET" || method === "HEAD" ? null : await text(request);
  const headers = new Headers(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  const asked = new Request(`http://${request.headers.host}${url}`, { method, headers, body, signal: leaving.signal });
  const answer = await fetch(asked);
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.flushHeaders();
  if (answer.body === null) response.end();
  // A browser that leaves breaks the pipe, and that is its right.
  else await pipeline(Readable.from(answer.body), response).catch(() => undefined);
}
