// The server on Deno: app and engine in one process.
// Takes a packed folder and an address as arguments: FOLDER [HOST] [PORT]; serves until SIGINT or SIGTERM.
// Must not know: how the engine works, where models come from.

import { createApp } from "../app.ts";
import { readConfig } from "../config.ts";
import { UnavailableError } from "../errors.ts";
import { createOriginCompleter } from "../origin/client.ts";
import { engineLoad } from "./engine.ts";
import { Loader } from "./loader.ts";

const [folder = "", hostname = "127.0.0.1", port = "8787"] = Deno.args;
const config = readConfig(Deno.env.toObject());

/** A build of the kernels; undefined when this engine lacks an instruction of it. */
async function compile(name: string): Promise<WebAssembly.Module | undefined> {
  const bytes = await Deno.readFile(new URL(`../../build/${name}.wasm`, import.meta.url));
  return WebAssembly.validate(bytes) ? WebAssembly.compile(bytes) : undefined;
}

async function openFile(name: string): Promise<ReadableStream<Uint8Array>> {
  try {
    return (await Deno.open(`${folder}/${name}`)).readable;
  } catch (cause) {
    throw new UnavailableError(`${name} cannot be read from the model's folder`, 1, { cause });
  }
}

const [i32, i16, plain, math] = await Promise.all(
  ["kernels-i32", "kernels-i16", "kernels-plain", "math"].map((name) => compile(name)),
);
if (plain === undefined || math === undefined) throw new Error("This engine has no WebAssembly SIMD");
const modules = { plain, math, ...(i32 && { i32 }), ...(i16 && { i16 }) };
const loader = new Loader(engineLoad({ config, modules, openFile }));
await loader.status(); // begins to load

const app = createApp({
  completers: {
    edge: { complete: async (request, signal) => loader.engine().completer.complete(request, signal) },
    origin: createOriginCompleter(config.origins),
  },
  text: {
    tokenize: async (request) => loader.engine().text.tokenize(request),
    detokenize: async (tokens) => loader.engine().text.detokenize(tokens),
    applyTemplate: async (messages) => loader.engine().text.applyTemplate(messages),
  },
  status: () => loader.status(),
  config,
  page: async (path) => {
    try {
      return (await Deno.open(new URL(`../../build/web/${path}`, import.meta.url))).readable;
    } catch {
      return null; // not built, or not a file of this build
    }
  },
});

// Answers under way are cut off: whoever stops a server wants it to stop.
for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => Deno.exit(0));
// Streams of events stay as they are: Deno compresses no text/event-stream.
const listening = { hostname, port: Number(port), automaticCompression: true, onListen() {} };
Deno.serve(listening, (request) => app.fetch(request));
