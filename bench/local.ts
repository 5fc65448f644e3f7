// The bench inside Node and Deno: FOLDER READ_LOOP ROUNDS as arguments, one JSON line for each thing measured.

import { readFile } from "node:fs/promises";
import process from "node:process";
import { kernelModules } from "../scripts/forward.ts";
import { measure } from "./measure.ts";

const [folder = "", readLoop = "", rounds = "1"] = process.argv.slice(2);
const source = {
  openFile: async (name: string) => new Blob([await readFile(`${folder}/${name}`)]).stream(),
  modules: await kernelModules(),
  read: await WebAssembly.compile(await readFile(readLoop)),
};
for await (const line of measure(source, { rounds: Number(rounds) })) console.log(JSON.stringify(line));
