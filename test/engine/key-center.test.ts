import assert from "node:assert/strict";
import { test } from "node:test";
import { attentionScratchBytes, pageBytes } from "../../kernels/abi.ts";
import { Arena } from "../../src/engine/arena.ts";
import { keyCenterBytes, reserveKeyCenters, writeKeyCenter } from "../../src/engine/key-center.ts";
import { normals } from "../kernels/pair.ts";
import { compiled } from "../kernels/variants.ts";
import { CONFIG } from "../pack/model.ts";

test("writeKeyCenter() takes the bias of dimensions that hardly turn, times what cosines are multiplied with", () => {
  const { head_dim: Dh } = CONFIG;
  const memory = new WebAssembly.Memory({ initial: 1 });
  const [bias, frequencies, center] = [0, 1_024, 2_048];
  new Float32Array(memory.buffer, bias, Dh).set(Float32Array.from({ length: Dh }, (_, d) => d + 1));
  const turns = Float32Array.from({ length: Dh / 2 }, (_, j) => (j < 10 ? 1 / 4_000 : 1 / 5_000));
  new Float32Array(memory.buffer, frequencies, Dh / 2 + 1).set([...turns, 2]);
  writeKeyCenter(memory, CONFIG, { center, bias, frequencies });
  const expected = Array.from({ length: Dh }, (_, d) => (d % (Dh / 2) < 10 ? 0 : 2 * (d + 1)));
  assert.deepEqual(Array.from(new Float32Array(memory.buffer, center, Dh)), expected);
});

test("reserveKeyCenters() gives room in 8 bits alone, and none to models without biases or with chunks", () => {
  const room = (change: Partial<typeof CONFIG>, format: "bf16" | "q8") => {
    const arena = new Arena();
    const before = arena.bytes;
    const config = { ...CONFIG, ...change };
    return { isThere: reserveKeyCenters(arena, config, 3, format) !== 0, bytes: arena.bytes - before };
  };
  assert.deepEqual(room({}, "q8"), { isThere: true, bytes: 3 * keyCenterBytes(CONFIG) });
  const none = { isThere: false, bytes: 0 };
  assert.deepEqual(room({}, "bf16"), none);
  assert.deepEqual(room({ attention_bias: false }, "q8"), none);
  assert.deepEqual(room({ dual_chunk_attention_config: { chunk_size: 64, local_size: 32 } }, "q8"), none);
});

test("taken from all keys, a center changes no exact result and saves 8 bits most of their loss", async () => {
  const [T, Dh] = [64, 64];
  const { kernels, place, floats } = await compiled("plain");
  // A hundred times larger in two dimensions, as in the first layers of Qwen2.5 0.5B.
  const center = new Float32Array(Dh);
  center.set([150, -120], 30);
  const keys = normals(T * Dh, 1).map((x, i) => x + center[i % Dh]!);
  const [k, v, q] = [place(keys), place(normals(T * Dh, 2)), place(normals(T * Dh, 3))];
  const pages = place(Uint32Array.of(0, 1));
  const [out, scratch] = [place(T * Dh * 4), place(attentionScratchBytes(1, 1, Dh))];
  const attend = (format: "bf16" | "q8") => {
    const stride = pageBytes(format, 1, Dh);
    const kv = place(2 * stride);
    kernels[`kv_store_${format}`](kv, stride, pages, 0, k, v, T, 1, Dh);
    kernels[`attention_${format}`](out, q, kv, stride, pages, 0, T, 1, 1, Dh, 0, 0, scratch);
    return floats(out, T * Dh);
  };
  const without = attend("q8");
  kernels.subtract_row(k, place(center), T, Dh);
  const [exact, centered] = [attend("bf16"), attend("q8")]; // small keys: bf16 is nearly exact
  const error = (found: Float32Array) => Math.hypot(...found.map((x, i) => x - exact[i]!)) / Math.hypot(...exact);
  assert.ok(error(centered) < 0.02, `${error(centered)}`);
  assert.ok(error(without) > 5 * error(centered), `${error(without)} without, ${error(centered)} with`);
});
