// A local HTTP server that behaves like vLLM: an OpenAI API that streams, fails, dawdles and dies.
// Owns: its behaviours, chosen by the body's `behave`; a record of what reached it. Ends with close().

import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface FakeOrigin {
  readonly baseUrl: string;
  readonly received: Received[];
  /** Resolves when a client left before its answer was complete. */
  readonly left: Promise<void>;
  close(): Promise<void>;
}

export const STREAM = ['data: {"id":"vllm-1","choices":[]}\n\n', ": ping\r\n\r\n", "data: [DONE]\n\n"];

const SSE = { "content-type": "text/event-stream; charset=utf-8" };

const BEHAVIOURS: Readonly<Record<string, (response: ServerResponse) => void>> = {
  whole: (response) => {
    response.writeHead(200, {
      "content-type": "application/json",
      "set-cookie": "session=1",
      server: "uvicorn",
      "x-request-id": "vllm-7",
      "openai-processing-ms": "5",
      "x-ratelimit-remaining-requests": "3",
      "x-internal-host": "gpu-3",
    });
    response.end('{"id":"vllm-1", "seed": 12345678901234567890}');
  },
  stream: (response) => {
    response.writeHead(200, SSE);
    for (const piece of STREAM) response.write(piece);
    response.end();
  },
  // One piece, then nothing until the client leaves.
  stall: (response) => {
    response.writeHead(200, SSE);
    response.write(STREAM[0]);
  },
  silent: () => undefined,
  dies: (response) => {
    response.writeHead(200, SSE);
    response.write(STREAM[0], () => setTimeout(() => response.destroy(), 20));
  },
  "dies in an event": (response) => {
    response.writeHead(200, SSE);
    response.write('data: {"id":"vllm-1","cho', () => setTimeout(() => response.destroy(), 20));
  },
  "dies whole": (response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
    response.write('{"id":', () => setTimeout(() => response.destroy(), 20));
  },
  busy: (response) => {
    response.writeHead(429, { "content-type": "application/json", "retry-after": "7", "retry-after-ms": "7000" });
    response.end('{"error":{"message":"overloaded","type":"rate_limit_error","param":null,"code":null}}');
  },
  empty: (response) => response.writeHead(204).end(),
  redirect: (response) => response.writeHead(307, { location: "https://elsewhere.test/v1" }).end(),
  hangup: (response) => response.destroy(),
};

export async function startOrigin(): Promise<FakeOrigin> {
  const received: Received[] = [];
  let tellLeft = (): void => undefined;
  const left = new Promise<void>((resolve) => {
    tellLeft = resolve;
  });
  const server = createServer(async (request, response) => {
    response.on("close", () => {
      if (!response.writableFinished) tellLeft();
    });
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const body = Buffer.concat(pieces).toString();
    received.push({ method: request.method, url: request.url, headers: request.headers, body });
    const { behave } = JSON.parse(body) as { behave: string };
    BEHAVIOURS[behave]!(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    received,
    left,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
