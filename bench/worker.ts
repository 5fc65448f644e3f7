// The bench inside workerd, under `wrangler dev`: a WebSocket on which each message is a command and gets its answer.
// One socket is one request, so all that is made lives in the request that uses it. Weights come as static assets, as
// they do to the real Worker.

import roofs from "../build/bench/roofs.wasm";
import i16 from "../build/kernels-i16.wasm";
import i32 from "../build/kernels-i32.wasm";
import plain from "../build/kernels-plain.wasm";
import math from "../build/math.wasm";
import type { Answer, Command } from "./protocol.ts";
import { Subject } from "./subject.ts";

interface Env {
  readonly ASSETS: { fetch(url: string): Promise<Response> };
}

export default {
  fetch(_request: Request, env: Env): Response {
    const openFile = async (name: string) => {
      const response = await env.ASSETS.fetch(`https://assets.local/${name}`);
      if (!response.ok || response.body === null) throw new Error(`Asset ${name}: status ${response.status}`);
      return response.body;
    };
    const subject = new Subject({ openFile, modules: { i32, i16, plain, math }, roofs });
    const { 0: client, 1: server } = new WebSocketPair();
    server.accept();
    server.addEventListener("message", async ({ data }: MessageEvent<string>) => {
      let answer: Answer;
      try {
        answer = { ok: (await subject.obey(JSON.parse(data) as Command)) ?? null };
      } catch (error) {
        answer = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
      }
      server.send(JSON.stringify(answer));
    });
    return new Response(null, { status: 101, webSocket: client } as ResponseInit);
  },
};
