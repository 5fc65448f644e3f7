// Attention over KV pages against the reference, bit for bit, and against softmax attention in double
// precision. The plain build takes every shape in both formats; the others, whose dots of 8 bits differ, the main shapes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { attentionScratchBytes, type Kernels, type KvFormat, PAGE, pageBytes } from "../../kernels/abi.ts";
import { createReference } from "../../kernels/reference.ts";
import type { Variant } from "../../src/engine/kernels.ts";
import { seeded } from "../fakes/random.ts";
import { beginKv, KV_CACHE, PAGES } from "./kv-pages.ts";
import { HARD, kernelPair, normals, type Pair } from "./pair.ts";

const [Q, K, V, OUT, SCRATCH] = [0x10_0000, 0x30_0000, 0x40_0000, 0x50_0000, 0x70_0000];

const FORMATS: readonly KvFormat[] = ["bf16", "q8"];

type Shape = readonly [H: number, KV: number, Dh: number];

/** Shapes of grouped heads: 1:1, 4:1, 7:1 (Qwen2.5 0.5B), 6:1 (1.5B). */
const SHAPES: readonly Shape[] = [
  [1, 1, 32],
  [3, 3, 64],
  [4, 1, 64],
  [14, 2, 64],
  [12, 2, 128],
  [5, 1, 96],
  [16, 2, 32],
  [4, 2, 256],
];
/** Those of Qwen2.5, and 1:1: they have tiles of 1, 2, 3 and 4 rows. */
const MAIN_SHAPES = SHAPES.filter(([H]) => H === 14 || H === 12 || H === 1);

interface Build {
  readonly variant: Variant;
  readonly pair: Pair;
  readonly formats: readonly KvFormat[];
  readonly shapes: readonly Shape[];
  /** Rows of a call. */
  readonly lengths: readonly number[];
}

const pair = await kernelPair(256);
const MAIN = { formats: ["q8"], shapes: MAIN_SHAPES, lengths: [67] } as const;
const BUILDS: readonly Build[] = [
  { variant: "plain", pair, formats: FORMATS, shapes: SHAPES, lengths: [1, 32, 67] },
  { variant: "i32", pair: await kernelPair(256, "i32"), ...MAIN },
  { variant: "i16", pair: await kernelPair(256, "i16"), ...MAIN },
];
const CASES = BUILDS.flatMap(({ formats, ...build }) => formats.map((format) => ({ ...build, format })));

/** Positions in chunks, and bytes from one version of q to the next; 0: one chunk. */
interface Chunks {
  readonly chunk: number;
  readonly apart: number;
}
const WHOLE: Chunks = { chunk: 0, apart: 0 };

function run(
  kernels: Kernels,
  {
    stride,
    format,
    position,
    T,
    shape,
  }: { stride: number; format: KvFormat; position: number; T: number; shape: Shape },
  { chunk, apart } = WHOLE,
): void {
  const [H, KV, Dh] = shape;
  const [wide, narrow] = [H * Dh * 4, KV * Dh * 4];
  const [k, v] = [K + position * narrow, V + position * narrow];
  kernels[`kv_store_${format}`](KV_CACHE, stride, PAGES, position, k, v, T, KV, Dh);
  const attention = kernels[`attention_${format}`];
  const [q, out] = [Q + position * wide, OUT + position * wide];
  attention(out, q, KV_CACHE, stride, PAGES, position, T, H, KV, Dh, chunk, apart, SCRATCH);
}

function writeInputs({ write }: Pair, T: number, [H, KV, Dh]: Shape, seed: number): void {
  write(Q, normals(T * H * Dh, seed, 2));
  write(K, normals(T * KV * Dh, seed + 1));
  write(V, normals(T * KV * Dh, seed + 2));
}

for (const { variant, format, pair, shapes, lengths } of CASES) {
  test(`attention_${format}() has the bits of the reference, over shapes and page borders, ${variant}`, () => {
    for (const shape of shapes) {
      for (const T of lengths) {
        writeInputs(pair, T, shape, T);
        const stride = beginKv(pair, T, shape, format);
        pair.both((kernels) => run(kernels, { stride, format, position: 0, T, shape }));
        pair.same(OUT, T * shape[0] * shape[2], `attention ${shape} of ${T}`);
        pair.same(KV_CACHE, (7 * stride) / 4, `pages of ${shape}`);
      }
    }
  });

  test(`attention_${format}() gives the same bits however the positions are cut into calls, ${variant}`, () => {
    const T = 100;
    const next = seeded(11);
    for (const shape of shapes) {
      const n = T * shape[0] * shape[2];
      // With chunks, and without: what follows q in memory serves as its other versions.
      for (const chunks of [WHOLE, { chunk: 32, apart: n * 4 }]) {
        writeInputs(pair, T, shape, 3);
        pair.write(Q + n * 4, normals(2 * n, 5, 2));
        run(pair.wasm, { stride: beginKv(pair, T, shape, format), format, position: 0, T, shape }, chunks);
        const whole = pair.floats(OUT, n);
        assert.ok(whole.every(Number.isFinite));
        for (const largest of [1, 5, 40, 64]) {
          const stride = beginKv(pair, T, shape, format);
          new Float32Array(pair.memories[0].buffer, OUT, n).fill(Number.NaN);
          for (let position = 0; position < T; ) {
            const rows = Math.min(T - position, 1 + Math.floor(next() * largest));
            run(pair.wasm, { stride, format, position, T: rows, shape }, chunks);
            position += rows;
          }
          assert.deepEqual(pair.floats(OUT, n), whole, `chunks of at most ${largest}, shape ${shape}`);
        }
      }
    }
  });

  test(`attention_${format}() with chunks has the bits of the reference, and each version meets its own keys, ${variant}`, () => {
    const T = 140;
    for (const shape of [
      [7, 1, 64],
      [4, 2, 32],
    ] as const) {
      const [H, , Dh] = shape;
      const n = T * H * Dh;
      const chunks = { chunk: 32, apart: n * 4 };
      writeInputs(pair, T, shape, 8);
      const stride = beginKv(pair, T, shape, format);
      const own = pair.floats(Q, n);
      // Three equal versions are attention without chunks; a version that differs changes its rows alone.
      const attend = (...versions: Float32Array[]) => {
        for (const [i, q] of versions.entries()) pair.write(Q + i * n * 4, q);
        pair.both((kernels) => run(kernels, { stride, format, position: 0, T, shape }, chunks));
        return pair.same(OUT, n, `chunked attention ${shape}`);
      };
      run(pair.wasm, { stride, format, position: 0, T, shape });
      const whole = pair.floats(OUT, n);
      assert.deepEqual(attend(own, own, own), whole);
      const other = normals(n, 77, 2);
      const rows = (positions: number) => positions * H * Dh;
      for (const [versions, first] of [
        [[own, other, own], 32],
        [[own, own, other], 64],
      ] as const) {
        const found = attend(...versions);
        assert.deepEqual(found.subarray(0, rows(first)), whole.subarray(0, rows(first)));
        for (let t = first; t < T; t++) {
          assert.notDeepEqual(found.subarray(rows(t), rows(t + 1)), whole.subarray(rows(t), rows(t + 1)), `row ${t}`);
        }
      }
    }
  });
}

/** Softmax attention in double precision over exact keys and values: the last row of T. */
function exactLastRow(T: number, [H, KV, Dh]: Shape): Float64Array {
  const q = pair.floats(Q + (T - 1) * H * Dh * 4, H * Dh);
  const [k, v] = [pair.floats(K, T * KV * Dh), pair.floats(V, T * KV * Dh)];
  const out = new Float64Array(H * Dh);
  for (let h = 0; h < H; h++) {
    const head = Math.floor(h / (H / KV));
    const at = (t: number, d: number) => (t * KV + head) * Dh + d;
    const scores = Array.from({ length: T }, (_, t) => {
      let dot = 0;
      for (let d = 0; d < Dh; d++) dot += q[h * Dh + d]! * k[at(t, d)]!;
      return dot / Math.sqrt(Dh);
    });
    const max = Math.max(...scores);
    const weights = scores.map((score) => Math.exp(score - max));
    const sum = weights.reduce((a, b) => a + b);
    for (let d = 0; d < Dh; d++) out[h * Dh + d] = weights.reduce((a, w, t) => a + w * v[at(t, d)]!, 0) / sum;
  }
  return out;
}

test("attention is softmax attention: float cache within 1e-5 of double precision, bf16 and q8 within 0.03", () => {
  const T = 150;
  for (const shape of [
    [7, 1, 64],
    [12, 2, 128],
  ] as const) {
    const [H, , Dh] = shape;
    writeInputs(pair, T, shape, 21);
    const exact = exactLastRow(T, shape);
    const last = OUT + (T - 1) * H * Dh * 4;
    const error = (memory: WebAssembly.Memory) =>
      new Float32Array(memory.buffer, last, H * Dh).reduce(
        (worst, x, i) => Math.max(worst, Math.abs(x - exact[i]!)),
        0,
      );
    for (const format of FORMATS) {
      run(pair.wasm, { stride: beginKv(pair, T, shape, format), format, position: 0, T, shape });
      assert.ok(error(pair.memories[0]) < 0.03, `${format}: ${error(pair.memories[0])}`);
    }
    const format = "bf16";
    const stride = beginKv(pair, T, shape, format);
    run(createReference(pair.memories[1], { kv: "float" }), { stride, format, position: 0, T, shape });
    assert.ok(error(pair.memories[1]) < 1e-5);
  }
});

for (const format of FORMATS) {
  // With 8 bits a page's weights have 7: the largest is off by up to 1/254. More pages do not add to that.
  const bound = format === "bf16" ? 1e-3 : 4 / 254;
  test(`attention_${format}() is within ${bound.toPrecision(1)} at position 2^20 - 1, of 32,768 pages`, () => {
    const [H, KV, Dh] = [2, 1, 32];
    const position = 2 ** 20 - 1;
    const stride = pageBytes(format, KV, Dh);
    const value = Float32Array.from({ length: Dh }, (_, d) => (d * 4 - 64) / 32); // exact in bf16
    value[1] = 127 / 32; // the largest: scale 1/32, exact in 8 bits
    pair.write(PAGES, new Uint32Array(2 ** 15)); // one page, seen 32,768 times
    pair.write(Q, normals(H * Dh, 1));
    for (let slot = 0; slot < PAGE; slot++) {
      pair.write(K, normals(Dh, slot + 2));
      pair.write(V, value);
      pair.wasm[`kv_store_${format}`](KV_CACHE, stride, PAGES, 2 ** 20 - PAGE + slot, K, V, 1, KV, Dh);
    }
    const attention = pair.wasm[`attention_${format}`];
    attention(OUT, Q, KV_CACHE, stride, PAGES, position, 1, H, KV, Dh, 0, 0, SCRATCH);
    pair.floats(OUT, H * Dh).forEach((got, i) => {
      assert.ok(Math.abs(got - value[i % Dh]!) < bound, `number ${i}: ${got}`);
    });
  });
}

for (const { variant, format, pair } of CASES) {
  test(`attention_${format}() has the bits of the reference for huge, tiny and equal scores, ${variant}`, () => {
    const shape = [6, 2, 32] as const;
    const T = 40;
    const [wide, narrow] = [T * 6 * 32, T * 2 * 32];
    const finite = HARD.filter(Number.isFinite);
    const hard = (seed: number, n: number) => {
      const next = seeded(seed);
      return Float32Array.from({ length: n }, () => finite[Math.floor(next() * finite.length)]!);
    };
    const v = normals(narrow, 5);
    for (const [q, k, values] of [
      [hard(1, wide), hard(2, narrow), v],
      [new Float32Array(wide), hard(3, narrow), v],
      [normals(wide, 1, 1e4), normals(narrow, 2), v],
      // In 8 bits all the weights of a page and all its values are 127 then, or -127, and so are queries and keys.
      [new Float32Array(wide), normals(narrow, 2), new Float32Array(narrow).fill(1)],
      [new Float32Array(wide).fill(1), new Float32Array(narrow).fill(-1), new Float32Array(narrow).fill(-1)],
    ] as const) {
      pair.write(Q, q);
      pair.write(K, k);
      pair.write(V, values);
      const stride = beginKv(pair, T, shape, format);
      pair.both((kernels) => run(kernels, { stride, format, position: 0, T, shape }));
      pair.same(OUT, wide, `attention_${format} of hard values`);
    }
  });
}

for (const format of FORMATS) {
  test(`attention_${format}() lets a NaN or an infinity through to those who see it, and to nobody else`, () => {
    const shape = [2, 1, 32] as const;
    const [T, bad] = [70, 40];
    for (const at of [Q, K, V]) {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
        writeInputs(pair, T, shape, 4);
        const row = at === Q ? 64 : 32;
        pair.write(at + (bad * row + 3) * 4, Float32Array.of(value));
        const stride = beginKv(pair, T, shape, format);
        pair.both((kernels) => run(kernels, { stride, format, position: 0, T, shape }));
        const out = pair.same(OUT, T * 64, `attention with ${value}`);
        const isWrong = Array.from({ length: T }, (_, t) =>
          out.subarray(t * 64, (t + 1) * 64).some((x) => !Number.isFinite(x)),
        );
        assert.ok(!isWrong.slice(0, bad).includes(true));
        assert.ok(isWrong[bad]);
      }
    }
  });
}

test("attention keeps within attentionScratchBytes, with chunks too", () => {
  const T = 80;
  for (const shape of SHAPES) {
    for (const format of FORMATS) {
      const [H, KV, Dh] = shape;
      writeInputs(pair, T, shape, 1);
      const end = SCRATCH + attentionScratchBytes(H, KV, Dh);
      const guard = new Uint8Array(pair.memories[0].buffer, end, 4_096).fill(0xa5);
      const chunks = { chunk: 32, apart: 0 };
      run(pair.wasm, { stride: beginKv(pair, T, shape, format), format, position: 0, T, shape }, chunks);
      assert.ok(
        guard.every((byte) => byte === 0xa5),
        `shape ${shape}`,
      );
    }
  }
});
