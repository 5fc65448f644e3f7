// The tokenizer's measure inside Node and Deno: the path of a tokenizer.bin as argument, a line of JSON as answer.

import process from "node:process";
import { measure } from "./tokenizer-measure.ts";
import worker from "./tokenizer-worker.ts";

const target = {
  post: (path: string, body: BodyInit = "") =>
    worker.fetch(new Request(`http://bench${path}`, { method: "POST", body })),
  async heapBytes() {
    const { heapUsed, arrayBuffers, external } = process.memoryUsage();
    return heapUsed + (arrayBuffers || external); // Deno counts array buffers under external only
  },
};
console.log(JSON.stringify(await measure(target, process.argv[2] ?? "")));
