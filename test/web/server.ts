// A server on a port of this machine, for tests of what asks one.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

/** Serves `answer` until the test ends; gives the address, without a slash at its end. */
export async function serve(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<string> {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request.setEncoding("utf8")) body += piece;
    answer(request, response, body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The events of a stream, each object as its JSON. */
export function events(...data: readonly (object | string)[]): string {
  return data.map((it) => `data: ${typeof it === "string" ? it : JSON.stringify(it)}\n\n`).join("");
}

/** A chunk of an answer with a piece of text. */
export function textChunk(content: string): object {
  return { choices: [{ index: 0, delta: { content }, finish_reason: null }] };
}

/** The chunk that ends an answer. */
export function finishChunk(reason = "stop"): object {
  return { choices: [{ index: 0, delta: {}, finish_reason: reason }], usage: null };
}

/** The chunk with the usage. */
export const USAGE_CHUNK = {
  choices: [],
  usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8, prompt_tokens_details: { cached_tokens: 2 } },
};
