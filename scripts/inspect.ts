// `qwen-edge inspect`: prints what a model file (GGUF, Hugging Face folder) or a packed folder holds.
// Takes arguments; gives the exit code. Reads headers only, no weights. Must not know: how packing works.

import { statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { matrixBytes } from "../kernels/abi.ts";
import { ModelFileError } from "../src/errors.ts";
import type { Manifest, TensorEntry } from "../src/model/manifest.ts";
import { readManifest } from "./pack/cache.ts";
import { openSource } from "./pack/open-source.ts";
import type { Source, StoredTensor } from "./pack/source.ts";
import { UsageError } from "./usage.ts";

const INSPECT_USAGE = `Usage: qwen-edge inspect PATH

Prints what a model holds: config, tokenizer, plan, tensors with their types and sizes.
PATH is a GGUF file, a Hugging Face folder or a packed folder.`;

/**
 * Runs the command.
 * @throws {UsageError | ModelFileError} for wrong arguments or a model that cannot be read
 */
export async function inspectCommand(args: readonly string[]): Promise<number> {
  const options = { help: { type: "boolean", short: "h" } } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  if (values.help) {
    console.log(INSPECT_USAGE);
    return 0;
  }
  const [path, ...rest] = positionals;
  if (path === undefined || rest.length > 0) throw new UsageError(`Expected one PATH, found ${positionals.length}`);
  const manifest = await readManifest(path);
  for (const line of manifest ? describePacked(path, manifest) : describeSource(path)) console.log(line);
  return 0;
}

const row = (label: string, text: string): string => `${label.padEnd(12)}${text}`;
const number = (n: number): string => n.toLocaleString("en-US");
const fields = (object: object): string =>
  Object.entries(object)
    .map(([key, value]) => `${key} ${JSON.stringify(value)}`)
    .join(", ");
const template = (text: string | null): string =>
  text === null ? "none: ChatML" : `${number(text.length)} characters`;

function* tensorTable(
  tensors: Iterable<readonly [name: string, type: string, shape: readonly number[], bytes: number]>,
) {
  for (const [name, type, shape, bytes] of tensors) {
    yield `  ${name.padEnd(46)} ${type.padEnd(5)} ${shape.join(" x ").padEnd(14)} ${number(bytes).padStart(13)}`;
  }
}

function* describeSource(path: string): Generator<string> {
  const source: Source = openSource(path);
  try {
    const size = ({ shape, type }: StoredTensor) => (shape.reduce((n, m) => n * m, 1) / type.block) * type.bytes;
    const byType = new Map<string, { count: number; bytes: number }>();
    for (const tensor of source.tensors.values()) {
      const { count, bytes } = byType.get(tensor.type.name) ?? { count: 0, bytes: 0 };
      byType.set(tensor.type.name, { count: count + 1, bytes: bytes + size(tensor) });
    }
    const types = [...byType].map(([name, { count, bytes }]) => `${name} ${count} (${(bytes / 1e6).toFixed(1)} MB)`);
    const { tokens, added } = source.tokenizer();
    yield row("model", `${source.name}: ${source.kind}, ${number(source.bytes)} bytes`);
    yield row("config", fields(source.config));
    yield row("generation", fields(source.generation));
    yield row("tokenizer", `${number(tokens.length)} tokens, ${added.length} of them added`);
    yield row("template", template(source.chat_template));
    yield row("tensors", `${source.tensors.size}: ${types.join(", ")}`);
    yield* tensorTable(
      [...source.tensors].map(([name, tensor]) => [name, tensor.type.name, tensor.shape, size(tensor)]),
    );
  } finally {
    source.close();
  }
}

function* describePacked(folder: string, manifest: Manifest): Generator<string> {
  const bytes = manifest.stages.reduce((sum, stage) => sum + stage.bytes, 0);
  const stages = manifest.stages.length;
  yield row(
    "model",
    `${manifest.name}: packed, format ${manifest.format}, ${manifest.quant}, ${number(bytes)} bytes of weights`,
  );
  yield row("source", `${manifest.source.file}, SHA-256 ${manifest.source.sha256}`);
  yield row("config", fields(manifest.config));
  yield row("generation", fields(manifest.generation));
  yield row("tokenizer", `${number(manifest.tokenizer.tokens)} tokens, ${number(manifest.tokenizer.bytes)} bytes`);
  yield row("template", template(manifest.chat_template));
  yield row("plan", `${stages} stage${stages === 1 ? "" : "s"}, tiles of ${number(manifest.tile_rows)} rows`);
  const size = ({ format, shape }: TensorEntry) =>
    format === "f32" ? 4 * shape[0]! : matrixBytes(format, shape[0]!, shape[1]!);
  for (const [i, stage] of manifest.stages.entries()) {
    checkChunks(folder, stage);
    const holds = `layers ${stage.layers.join("..")}, rows ${stage.rows.join("..")} of the table`;
    yield row(`stage ${i}`, `${holds}, ${number(stage.bytes)} bytes in ${stage.chunks.length} files`);
    yield* tensorTable(
      Object.entries(stage.tensors).map(([name, entry]) => [name, entry.format, entry.shape, size(entry)]),
    );
  }
}

/** The files are there, with as many bytes as the manifest says. Their hashes are checked when they are loaded. */
function checkChunks(folder: string, { chunks, bytes }: Manifest["stages"][number]): void {
  let found = 0;
  for (const name of chunks) {
    const status = statSync(join(folder, name), { throwIfNoEntry: false });
    if (status === undefined) throw new ModelFileError(join(folder, name), "is missing; pack the model again");
    found += status.size;
  }
  if (found !== bytes)
    throw new ModelFileError(folder, `its chunks have ${found} bytes, not ${bytes}; pack the model again`);
}
