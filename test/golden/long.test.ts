// Positions around and beyond 32,768: YaRN and Dual Chunk Attention on tiny models of one layer, against
// scripts/golden/long_way.py, where every query meets every key with angles of its own.
// With one layer nothing that is compared depends on the attention of other rows, so theirs is left out.

import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Kernels, KvFormat } from "../../kernels/abi.ts";
import { createReference } from "../../kernels/reference.ts";
import { compiledKernels, forward, openModel } from "../../scripts/forward.ts";
import { GREEDY } from "../../src/engine/frame.ts";
import { temporaryFolder } from "../pack/model.ts";
import { readGolden } from "./safetensors.ts";
import { relativeL2 } from "./trace.ts";

const POSITIONS = 40_000;
const IDS = Array.from({ length: POSITIONS }, (_, i) => (i * 37 + ((i * i) % 101) * 11 + 11) % 290);
const FIXTURES = fileURLToPath(new URL("../fixtures/golden-long/", import.meta.url));
/** Rows of a frame. It ends before the next row that is compared: such rows have frames of their own. */
const ROWS = 1_000;

type Bind = (memory: WebAssembly.Memory) => Kernels | Promise<Kernels>;

/** Relative errors of the layer's branches and the logits at the golden's positions. */
async function run(folder: string, name: string, bind: Bind, kvFormat: KvFormat = "bf16") {
  const golden = readGolden(`${FIXTURES}${name}/golden.safetensors`);
  const kept = Array.from(golden.tensors.get("positions")!.values);
  const [values, first] = [new Map<string, number[]>(), { position: 0 }];
  let memory: WebAssembly.Memory | undefined;
  const model = await openModel(folder, {
    ...{ rows: ROWS, context: POSITIONS, kvFormat },
    bindKernels: async (bound) => {
      memory = bound;
      const kernels = await bind(bound);
      // A row that is not compared gives its key and value; what follows them is left out.
      let isIdle = false;
      const attend =
        (attention: Kernels["attention_bf16"]): Kernels["attention_bf16"] =>
        (...args) => {
          isIdle = !kept.includes(args[5]);
          if (!isIdle) attention(...args);
        };
      return {
        ...kernels,
        embed_q8: (...args) => {
          isIdle = false;
          kernels.embed_q8(...args);
        },
        matmul_q8: (...args) => isIdle || kernels.matmul_q8(...args),
        attention_bf16: attend(kernels.attention_bf16),
        attention_q8: attend(kernels.attention_q8),
      };
    },
    probe: (_, part, offset, [rows, columns]) => {
      const found = values.get(part) ?? [];
      values.set(part, found);
      for (const position of kept) {
        const row = position - first.position;
        if (row < 0 || row >= rows) continue;
        found.push(...new Float32Array(memory!.buffer, offset + row * columns * 4, columns));
      }
    },
  });
  const wanted = Array.from({ length: model.manifest.tokenizer.tokens }, (_, id) => id);
  const constraint = (position: number) =>
    kept.includes(position) ? { ...GREEDY, rawSums: true, adjustedSums: true, wanted } : undefined;
  const logits: number[] = [];
  while (first.position < POSITIONS) {
    const { position } = first;
    const next = kept.find((i) => i > position) ?? POSITIONS;
    const end = kept.includes(position) ? position + 1 : Math.min(position + ROWS, next);
    const rows = await forward(model, IDS.slice(0, end), { from: first.position, constraint });
    logits.push(...rows.flatMap((row) => row.wanted.map(({ logit }) => logit)));
    first.position = end;
  }
  const expected = (part: string) => golden.tensors.get(part)!;
  const [, columns = 0] = expected("lm_head").shape;
  const theirs = Array.from(expected("lm_head").values).filter((_, i) => i % columns < wanted.length);
  const layer = "model.layers.0";
  return {
    self_attn: relativeL2(values.get("self_attn")!, expected(`${layer}.self_attn`).values),
    layer: relativeL2(values.get("layer")!, expected(layer).values),
    lm_head: relativeL2(logits, theirs),
  };
}

for (const [name, field] of [
  ["yarn", "rope_scaling"],
  ["dual", "dual_chunk_attention_config"],
] as const) {
  test(`${name} at 40,000 positions: the float reference and the kernels agree with the long way`, async (t) => {
    const folder = `${FIXTURES}${name}`;
    const float = (memory: WebAssembly.Memory) => createReference(memory, { activations: "float", kv: "float" });
    const exact = await run(folder, name, float);
    const stored = await run(folder, name, compiledKernels());
    const q8 = await run(folder, name, compiledKernels(), "q8");
    for (const [part, error] of Object.entries(exact)) assert.ok(error < 1e-5, `${part}: ${error}`);
    for (const found of [stored, q8]) {
      for (const [part, error] of Object.entries(found)) assert.ok(error < 0.06, `${part}: ${error}`);
    }
    const plain = join(temporaryFolder(t), "plain");
    cpSync(folder, plain, { recursive: true });
    const manifest = JSON.parse(readFileSync(join(plain, "manifest.json"), "utf8"));
    delete manifest.config[field];
    writeFileSync(join(plain, "manifest.json"), JSON.stringify(manifest));
    const without = await run(plain, name, compiledKernels());
    for (const [part, error] of Object.entries(without)) assert.ok(error > 0.5, `without ${field}, ${part}: ${error}`);
  });
}
