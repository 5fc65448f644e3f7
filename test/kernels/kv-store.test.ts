// What kv_store_bf16 and kv_store_q8 write into a page, against the reference and against numbers counted by hand.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PAGE } from "../../kernels/abi.ts";
import { beginKv, KV_CACHE, PAGES } from "./kv-pages.ts";
import { HARD, kernelPair } from "./pair.ts";

const [K, V] = [0x30_0000, 0x40_0000];

const pair = await kernelPair(256);

test("kv_store_bf16() rounds to bf16, nearest even, and keeps NaN and infinity", () => {
  const [KV, Dh] = [2, 32];
  const bits = [
    0x3f808000, 0x3f818000, 0x3f808001, 0x3f807fff, 0x7f7fffff, 0x7f800001, 0xffffffff, 0x00008000, 0x80018000,
  ];
  const rounded = [0x3f80, 0x3f82, 0x3f81, 0x3f80, 0x7f80, 0x7fc0, 0xffff, 0x0000, 0x8002];
  const words = new Uint32Array(KV * Dh);
  words.set(bits);
  words.set(new Uint32Array(Float32Array.from(HARD).buffer), 16);
  pair.write(K, words);
  pair.write(V, words);
  const stride = beginKv(pair, PAGE, [KV, KV, Dh], "bf16");
  pair.both((kernels) => kernels.kv_store_bf16(KV_CACHE, stride, PAGES, 0, K, V, 1, KV, Dh));
  pair.same(KV_CACHE, (7 * stride) / 4, "pages");
  const page = KV_CACHE + 2 * stride;
  const keys = new Uint16Array(pair.memories[0].buffer, page, PAGE * Dh);
  assert.deepEqual(
    bits.map((_, d) => keys[d * 16]),
    rounded,
  ); // position 0 is lane 0 of every dimension's 16
});

test("kv_store_q8() rounds to 127ths of the largest, half to even; zeros, NaN, infinity and the smallest have their scale", () => {
  const [KV, Dh] = [6, 32];
  const rows = [
    [127, 0.5, 1.5, -0.5, -2.5, -127],
    [0, -0],
    [1, Number.NaN],
    [1, Number.NEGATIVE_INFINITY],
    [1e-45, -1e-45],
    [3.4028234663852886e38, 1],
  ];
  const expected = [
    [127, 0, 2, 0, -2, -127],
    [0, 0],
    [0, 0],
    [0, 0],
    [0, 0],
    [127, 0],
  ];
  const numbers = new Float32Array(KV * Dh);
  for (const [head, row] of rows.entries()) numbers.set(row, head * Dh);
  pair.write(K, numbers);
  pair.write(V, numbers);
  const stride = beginKv(pair, PAGE, [KV, KV, Dh], "q8");
  pair.both((kernels) => kernels.kv_store_q8(KV_CACHE, stride, PAGES, 0, K, V, 1, KV, Dh));
  pair.same(KV_CACHE, (7 * stride) / 4, "pages");
  const headBytes = PAGE * (Dh + 4);
  for (const [head, integers] of expected.entries()) {
    const page = KV_CACHE + 2 * stride + 2 * head * headBytes;
    const keys = new Int8Array(pair.memories[0].buffer, page, PAGE * Dh);
    const [scale = 0] = pair.floats(page + PAGE * Dh, 1);
    // Position 0 is lane 0: two dimensions side by side, the next two 16 bytes further.
    assert.deepEqual(
      integers.map((_, d) => keys[Math.floor(d / 2) * 16 + (d % 2)]),
      integers,
      `head ${head}`,
    );
    assert.deepEqual(scale, [1, 0, Number.NaN, Number.NaN, 0, Math.fround(3.4028234663852886e38 / 127)][head]);
  }
});
