// The bench inside workerd, under `wrangler dev`: GET /?rounds=N streams one JSON line for each thing measured.
// Weights come as static assets, as they do to the real Worker. The clock runs while code runs only locally.

import read from "../build/bench/read.wasm";
import i16 from "../build/kernels-i16.wasm";
import i32 from "../build/kernels-i32.wasm";
import plain from "../build/kernels-plain.wasm";
import math from "../build/math.wasm";
import { measure } from "./measure.ts";

interface Env {
  readonly ASSETS: { fetch(url: string): Promise<Response> };
}

export default {
  fetch(request: Request, env: Env): Response {
    const rounds = Number(new URL(request.url).searchParams.get("rounds"));
    const openFile = async (name: string) => {
      const response = await env.ASSETS.fetch(`https://assets.local/${name}`);
      if (!response.ok || response.body === null) throw new Error(`Asset ${name}: status ${response.status}`);
      return response.body;
    };
    const lines = measure({ openFile, modules: { i32, i16, plain, math }, read }, { rounds });
    const body = new ReadableStream({
      async pull(controller) {
        try {
          const { done, value } = await lines.next();
          if (done) controller.close();
          else controller.enqueue(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
        } catch (error) {
          controller.enqueue(new TextEncoder().encode(`${JSON.stringify({ kind: "error", error: String(error) })}\n`));
          controller.close();
        }
      },
    });
    return new Response(body);
  },
};
