// The bench inside Node and Deno: FOLDER ROOFS as arguments, commands as lines of JSON on standard input, answers as
// lines on standard output. Files are streams of the disk, as a server opens them.

import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { Readable } from "node:stream";
import { kernelModules } from "../scripts/forward.ts";
import { serveLines } from "./lines.ts";
import { Subject } from "./subject.ts";

const [folder = "", roofs = ""] = process.argv.slice(2);

/** Deno's part of its own API that is used here; Node has none of it. */
interface DenoFiles {
  open(path: string): Promise<{ readonly readable: ReadableStream<Uint8Array> }>;
}
const { Deno: deno } = globalThis as { Deno?: DenoFiles };

const subject = new Subject({
  openFile: async (name) => {
    const path = `${folder}/${name}`;
    if (deno) return (await deno.open(path)).readable;
    return Readable.toWeb(createReadStream(path, { highWaterMark: 2 ** 20 })) as ReadableStream<Uint8Array>;
  },
  modules: await kernelModules(),
  roofs: await WebAssembly.compile(await readFile(roofs)),
  heapBytes: () => {
    const { heapUsed, arrayBuffers, external } = process.memoryUsage();
    return heapUsed + (arrayBuffers || external); // Deno counts array buffers under external only
  },
});
await serveLines((command) => subject.obey(command));
