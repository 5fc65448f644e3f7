// The tokenizer at work, the same in workerd, Deno and Node: a server that loads, encodes and decodes by the clock.
// Takes requests: POST /load with a tokenizer.bin, POST /text with a text, POST /gc (which needs the flag --expose-gc).
// Gives times and counts as JSON. Must not know: which runtime it is in, how much memory is held.

import { decode } from "../src/token/decode.ts";
import { encode } from "../src/token/encode.ts";
import { loadVocab, type Vocab } from "../src/token/vocab.ts";
import { median } from "./report.ts";

export interface Loaded {
  readonly ms: number;
}

export interface Coded {
  readonly bytes: number;
  readonly ids: number;
  readonly encodeMs: number;
  readonly decodeMs: number;
}

let vocab: Vocab | undefined;

export default {
  async fetch(request: Request): Promise<Response> {
    switch (new URL(request.url).pathname) {
      case "/load":
        return Response.json(load(new Uint8Array(await request.arrayBuffer())));
      case "/text":
        return Response.json(code(await request.text()));
      case "/gc":
        collectGarbage();
        return new Response();
      default:
        return new Response("Ask for /load, /text or /gc", { status: 404 });
    }
  },
};

function load(file: Uint8Array): Loaded {
  const start = performance.now();
  vocab = loadVocab(file);
  return { ms: performance.now() - start };
}

function code(text: string): Coded {
  const loaded = vocab;
  if (loaded === undefined) throw new Error("No vocabulary: POST a tokenizer.bin to /load first");
  const ids = encode(loaded, text, { special: true });
  if (decode(loaded, ids) !== text) throw new Error("Decoding did not give the text back");
  return {
    bytes: new TextEncoder().encode(text).length,
    ids: ids.length,
    encodeMs: medianMs(() => encode(loaded, text, { special: true })),
    decodeMs: medianMs(() => decode(loaded, ids)),
  };
}

function collectGarbage(): void {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error("No gc(): start the runtime with V8's flag --expose-gc");
  gc();
}

/** Of five runs. */
function medianMs(run: () => unknown): number {
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return median(times);
}
