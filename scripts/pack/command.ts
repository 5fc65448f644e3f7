// `qwen-edge pack`: options, progress and Ctrl-C around pack(). Takes arguments; gives the exit code.
// Must not know: how packing works, how errors are printed.

import { join } from "node:path";
import { parseArgs } from "node:util";
import { matrixBytes } from "../../kernels/abi.ts";
import { WEIGHT_FORMATS } from "../../kernels/formats.ts";
import { cacheFolder } from "../model-path.ts";
import { ProgressLine } from "../progress.ts";
import { parseChoice, parseInteger, UsageError } from "../usage.ts";
import { openSource } from "./open-source.ts";
import { type PackOptions, pack } from "./pack.ts";
import { modelName } from "./source.ts";

const BITS = WEIGHT_FORMATS.map((format) => matrixBytes(format, 8, 32) / 32);

const USAGE = `Usage: qwen-edge pack INPUT [options]

Packs a model for this engine. INPUT is a GGUF file or a Hugging Face folder (config.json,
tokenizer.json, safetensors) of Qwen2 or Qwen2.5.

  --out FOLDER       where to; default: the cache of packed models, under the model's name
  --quant FORMAT     ${WEIGHT_FORMATS.join(" or ")}: ${BITS.join(" or ")} bits a weight; default: q8 below 1B parameters, q4 from there on
  --stages N         cut into N stages of nearly equal size, one isolate each; default: 1
  --name NAME        the name under which the model is served; default: from the file's name
  --tile-rows N      rows of the table in a tile, between which it may be cut: a multiple of 8; default: 2048
  --force            replace a packed folder that is there already`;

/**
 * Runs the command. Ctrl-C leaves nothing behind, as any failure.
 * @throws {UsageError} for wrong arguments; what pack() throws
 */
export async function packCommand(args: readonly string[]): Promise<number> {
  const options = packOptions(args);
  if (options === null) {
    console.log(USAGE);
    return 0;
  }
  const stop = new AbortController();
  const interrupt = () => stop.abort(new Error("Interrupted; nothing was kept"));
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  const line = new ProgressLine();
  const started = performance.now();
  try {
    const { folder, manifest } = await pack(options.input, {
      ...options,
      signal: stop.signal,
      // Only a terminal gets a bar: elsewhere stderr is for errors.
      onProgress: process.stderr.isTTY ? (done, total) => line.show("packing", done / total) : undefined,
      onNote: (text) => line.print(text),
    });
    line.clear();
    const bytes = manifest.stages.reduce((sum, stage) => sum + stage.bytes, 0);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const stages = manifest.stages.length === 1 ? "1 stage" : `${manifest.stages.length} stages`;
    console.log(`${manifest.name}: ${manifest.quant}, ${stages}, ${(bytes / 1e6).toFixed(1)} MB in ${seconds} s`);
    console.log(folder);
    return 0;
  } finally {
    line.clear();
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

/** Null: help is wanted. @throws {UsageError} for options out of range */
function packOptions(args: readonly string[]): (PackOptions & { readonly input: string }) | null {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      out: { type: "string" },
      quant: { type: "string" },
      stages: { type: "string" },
      name: { type: "string" },
      "tile-rows": { type: "string" },
      force: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return null;
  const [input, ...rest] = positionals;
  if (input === undefined || rest.length > 0) throw new UsageError(`Expected one INPUT, found ${positionals.length}`);
  const { quant, name, stages, "tile-rows": tileRows } = values;
  if (name === "") throw new UsageError("--name is empty; expected the name under which the model is served");
  return {
    input,
    quant: quant === undefined ? undefined : parseChoice("quant", quant, WEIGHT_FORMATS),
    name,
    stages: stages === undefined ? undefined : parseInteger("stages", stages, { min: 1, max: 1_024 }),
    tileRows: tileRows === undefined ? undefined : parseInteger("tile-rows", tileRows, { min: 8, max: 2_048 }),
    force: values.force,
    out: values.out ?? join(cacheFolder(), "packed", modelName(name ?? nameOf(input))),
  };
}

function nameOf(input: string): string {
  const source = openSource(input);
  source.close();
  return source.name;
}
