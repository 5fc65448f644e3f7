// loadKernels: which variant it chooses, and that the choice changes no bit.

import assert from "node:assert/strict";
import { test } from "node:test";
import { activationBytes, matmulScratchBytes } from "../../kernels/abi.ts";
import { pack } from "../../kernels/reference/pack.ts";
import { loadKernels, loadMath } from "../../src/engine/kernels.ts";
import { normals } from "./pair.ts";
import { bits, compiled, modules, VARIANTS } from "./variants.ts";

const memory = () => new WebAssembly.Memory({ initial: 2 });

/** A module with the exports of a kernel module that matter here: probe() gives `value` (an i32 of up to 4 LEB bytes). */
function probing(value: number): WebAssembly.Module {
  const leb: number[] = [];
  for (let rest = value, more = true; more; rest >>= 7) {
    more = !(rest >> 6 === 0 || rest >> 6 === -1);
    leb.push((rest & 0x7f) | (more ? 0x80 : 0));
  }
  const section = (id: number, ...content: number[]) => [id, content.length, ...content];
  const body = [0, 0x41, ...leb, 0x0b];
  return new WebAssembly.Module(
    Uint8Array.of(
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, 1, 0x60, 0, 1, 0x7f),
      ...section(3, 1, 0),
      ...section(7, 1, 5, ...new TextEncoder().encode("probe"), 0, 0),
      ...section(10, 1, body.length, ...body),
    ),
  );
}

test("loadKernels() chooses by what the relaxed dot gives", async () => {
  const choose = async (probed: number) => (await loadKernels({ ...modules, i32: probing(probed) }, memory())).variant;
  assert.equal(await choose(513), "i32");
  assert.equal(await choose(-130_559), "i32");
  assert.equal(await choose(-65_535), "i16");
  assert.equal(await choose(-131_072), "plain");
});

test("loadKernels() falls back to plain where the relaxed modules are missing", async () => {
  assert.equal((await loadKernels({ plain: modules.plain, math: modules.math }, memory())).variant, "plain");
  const { i16: _, ...withoutI16 } = { ...modules, i32: probing(-65_535) };
  assert.equal((await loadKernels(withoutI16, memory())).variant, "plain");
});

test("loadKernels() takes the variant that is named, or says that there is none", async () => {
  for (const variant of VARIANTS) assert.equal((await loadKernels(modules, memory(), variant)).variant, variant);
  const plainOnly = { plain: modules.plain, math: modules.math };
  await assert.rejects(loadKernels(plainOnly, memory(), "i16"), RangeError);
});

test("the variants give the same bits, whatever their tiles", async () => {
  const [T, N, K] = [13, 48, 160];
  const x = normals(T * K, 1);
  const w = pack("q8", normals(N * K, 2), N, K);
  const outputs = await Promise.all(
    VARIANTS.map(async (variant) => {
      const { kernels, place, floats } = await compiled(variant);
      const [x8, out] = [place(activationBytes(T, K)), place(T * N * 4)];
      kernels.quantize(x8, place(x), T, K);
      kernels.matmul_q8(out, x8, place(w), 0, T, N, K, place(matmulScratchBytes(K)));
      return bits(floats(out, T * N));
    }),
  );
  assert.deepEqual(outputs[1], outputs[0]);
  assert.deepEqual(outputs[2], outputs[0]);
});

test("loadMath() gives exp and log", async () => {
  const { exp, log } = await loadMath(modules.math);
  assert.equal(exp(0), 1);
  assert.equal(log(1), 0);
  assert.ok(Math.abs(log(exp(1.5)) - 1.5) < 1e-15);
});
