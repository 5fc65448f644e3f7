import assert from "node:assert/strict";
import { test } from "node:test";
import { SwitchedKernels } from "../../bench/switched.ts";
import { KERNEL_BYTES, type Kernels } from "../../kernels/abi.ts";
import type { StageManifest } from "../../src/model/manifest.ts";

const [T, N, OUT] = [3, 8, 1024];
const memory = new WebAssembly.Memory({ initial: 1 });
const tensor = (offset: number) => ({ format: "q4", shape: [N, 32], offset }) as const;
const stage = {
  tensors: {
    "model.layers.0.self_attn.k_proj.weight": tensor(0),
    "model.layers.0.mlp.up_proj.weight": tensor(4096),
  },
} as unknown as StageManifest;

/** Kernels that write down which of them ran. */
function fakes(log: string[]): Kernels {
  const names = ["matmul_q4", "attention_bf16", "kv_store_bf16", "tile"];
  return Object.fromEntries(names.map((name) => [name, () => void log.push(name)])) as unknown as Kernels;
}

const product = (kernels: Kernels, weight: number) => kernels.matmul_q4(OUT, 0, KERNEL_BYTES + weight, 0, T, N, 32, 0);

test("SwitchedKernels.filling() stores keys and values, writes seeded ones for them, and computes nothing", async () => {
  const log: string[] = [];
  const switched = new SwitchedKernels(fakes(log), memory, stage);
  const { kernels } = switched;
  const view = new Float32Array(memory.buffer, OUT, T * N);
  await switched.filling(async () => {
    product(kernels, 4096);
    assert.ok(view.every((value) => value === 0));
    product(kernels, 0);
    kernels.tile();
    kernels.kv_store_bf16(0, 0, 0, 0, 0, 0, T, 1, N);
  });
  assert.deepEqual(log, ["tile", "kv_store_bf16"]);
  assert.ok(view.every((value) => Math.abs(value) > 1e-6 && Math.abs(value) <= 1));
  assert.equal(new Set(view).size, T * N);
  product(kernels, 0);
  assert.equal(log.at(-1), "matmul_q4"); // the real ones are back
});

test("SwitchedKernels.timing() names products by their tensor and the rest by its kernel", async () => {
  const switched = new SwitchedKernels(fakes([]), memory, stage);
  const { kernels } = switched;
  const spent = await switched.timing(async () => {
    product(kernels, 0);
    product(kernels, 4096);
    kernels.tile();
  });
  assert.deepEqual([...spent.keys()], ["k_proj", "up_proj", "tile"]);
});
