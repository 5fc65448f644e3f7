// One layer of the real model against transformers (PyTorch, float32), branch by branch before the residual.
// scripts/golden/real_layer.py made the fixture from the packed weights: it holds the layer's input and its outputs.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Kernels } from "../../kernels/abi.ts";
import { createReference } from "../../kernels/reference.ts";
import { compiledKernels, openModel } from "../../scripts/forward.ts";
import { encodeFrame } from "../../src/engine/frame-codec.ts";
import { readManifest } from "../fakes/packed.ts";
import { readGolden } from "../golden/safetensors.ts";
import { pick, relativeL2 } from "../golden/trace.ts";
import { realModel, skip } from "./model.ts";

const golden = readGolden(fileURLToPath(new URL("../fixtures/golden-real/layer.safetensors", import.meta.url)));
const LAYER = Number(golden.made.layer);
const PARTS = ["self_attn", "mlp", "layer"];

let folder = "";
before(async () => {
  if (skip) return;
  folder = await realModel();
  const { stages } = readManifest(folder);
  const hashes = stages.flatMap((stage) => stage.sha256).join("\n");
  const found = createHash("sha256").update(hashes).digest("hex");
  assert.equal(found, golden.made.weights_sha256, "packed otherwise: make the fixture anew");
});

type Bind = (memory: WebAssembly.Memory) => Kernels | Promise<Kernels>;

/** What the layer makes of the fixture's input, in frames of `chunk` rows: name -> (T, D). */
async function runLayer(bindKernels: Bind, chunk: number): Promise<Map<string, Float32Array>> {
  const [T = 0, D = 0] = golden.tensors.get("input")!.shape;
  const input = Float32Array.from(golden.tensors.get("input")!.values);
  const kept = new Map<string, Float32Array>();
  const enough = new Error("the layers that follow are not needed");
  let memory: WebAssembly.Memory | undefined;
  let first = 0;
  const { manifest, stages } = await openModel(folder, {
    rows: chunk,
    context: 128,
    bindKernels: (bound) => {
      memory = bound;
      return bindKernels(bound);
    },
    probe: (layer, name, offset, [rows, columns]) => {
      if (layer !== LAYER) return;
      const all = kept.get(name) ?? new Float32Array(T * columns);
      all.set(new Float32Array(memory!.buffer, offset, rows * columns), first * columns);
      kept.set(name, all);
      if (name === "layer") throw enough;
    },
  });
  for (; first < T; first += chunk) {
    const length = Math.min(chunk, T - first);
    const segment = {
      pages: [0, 1, 2, 3].slice(0, Math.ceil((first + length) / 32)),
      position: first,
      length,
      copyFrom: -1,
      heads: [],
    };
    const frame = {
      segments: [segment],
      ids: new Uint32Array(length),
      hidden: input.slice(first * D, (first + length) * D),
      ...{ embedded: manifest.config.vocab_size, layer: LAYER, headed: 0, results: [] },
    };
    await assert.rejects(stages[0]!.run(encodeFrame(frame)), enough);
  }
  return kept;
}

function errors(found: ReadonlyMap<string, Float32Array>): number[] {
  const D = golden.tensors.get("input")!.shape[1]!;
  const positions = golden.tensors.get("positions")!.values;
  return PARTS.map((part) => relativeL2(pick(found.get(part)!, D, positions), golden.tensors.get(part)!.values));
}

test("one real layer: the float reference agrees with transformers in each branch", { skip }, async (t) => {
  const float = (memory: WebAssembly.Memory) => createReference(memory, { activations: "float", kv: "float" });
  const found = errors(await runLayer(float, 72));
  t.diagnostic(`float reference: ${PARTS.map((part, i) => `${part} ${found[i]!.toExponential(2)}`).join(", ")}`);
  for (const [i, part] of PARTS.entries()) assert.ok(found[i]! < 1e-5, `${part}: ${found[i]}`);
});

test("one real layer: the kernels equal the quantizing reference, branch by branch", { skip }, async (t) => {
  const reference = await runLayer(createReference, 72);
  const allowed = errors(reference);
  t.diagnostic(`quantizing reference: ${PARTS.map((part, i) => `${part} ${allowed[i]!.toExponential(2)}`).join(", ")}`);
  for (const variant of ["i32", "i16", "plain"] as const) {
    const own = await runLayer(compiledKernels(variant), 41);
    for (const [name, values] of own) {
      assert.ok(Buffer.from(values.buffer).equals(Buffer.from(reference.get(name)!.buffer)), `${variant}: ${name}`);
    }
    for (const [i, error] of errors(own).entries()) assert.ok(error <= 1.1 * allowed[i]!, `${variant}: ${PARTS[i]}`);
  }
});
