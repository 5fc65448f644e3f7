import assert from "node:assert/strict";
import { test } from "node:test";
import { ADJUST_BYTES } from "../../kernels/abi.ts";
import { seeded } from "../fakes/random.ts";
import { BASE, HARD, kernelPair, normals } from "./pair.ts";

const pair = await kernelPair();
const [LOGITS, OUT, ENTRIES] = [BASE, BASE + 0x10_0000, BASE + 0x20_0000];
const INF = Number.POSITIVE_INFINITY;

/** Ids and logits that top_k gives, equal in both. */
function topK(logits: Float32Array, first: number, k: number): readonly (readonly [id: number, logit: number])[] {
  pair.write(LOGITS, logits);
  const count = pair.both((kernels) => kernels.top_k(OUT, LOGITS, logits.length, first, k));
  const values = pair.same(OUT, count * 2, `top_k of ${logits.length}, k ${k}`);
  const ids = new Uint32Array(values.buffer);
  return Array.from({ length: count }, (_, i) => [ids[i * 2]!, values[i * 2 + 1]!] as const);
}

test("top_k() has the bits of the reference, over n and k", () => {
  for (const n of [0, 1, 3, 15, 16, 17, 100, 2_048, 10_001]) {
    for (const k of [0, 1, 2, 7, 20, 128, 2_048]) {
      assert.equal(topK(normals(n, n + k, 4), 1_000, k).length, Math.min(n, k));
    }
  }
  topK(normals(151_936, 1, 3), 0, 40);
  topK(normals(151_936, 2, 3), 0, 2_048);
});

test("top_k() gives the largest first and equal ones by lower id, in whatever order they come", () => {
  const rising = Float32Array.from({ length: 5_000 }, (_, i) => i);
  assert.deepEqual(topK(rising, 7, 3), [
    [5_006, 4_999],
    [5_005, 4_998],
    [5_004, 4_997],
  ]);
  assert.deepEqual(topK(rising.toReversed(), 7, 2), [
    [7, 4_999],
    [8, 4_998],
  ]);
  const few = Float32Array.from({ length: 1_000 }, (_, i) => (i * 37) % 5);
  assert.deepEqual(
    topK(few, 0, 3).map(([id]) => id),
    [...few.keys()].filter((i) => few[i] === 4).slice(0, 3),
  );
  topK(few, 0, 777);
  assert.deepEqual(
    topK(new Float32Array(99), 0, 50).map(([id]) => id),
    Array.from({ length: 50 }, (_, i) => i),
  );
  assert.deepEqual(topK(Float32Array.of(-0, 0, -0, -1), 0, 3), [
    [0, -0],
    [1, 0],
    [2, -0],
  ]);
});

test("top_k() never chooses NaN or -infinity", () => {
  const logits = new Float32Array(500).fill(-INF);
  assert.deepEqual(topK(logits, 0, 10), []);
  logits.fill(Number.NaN, 100, 200);
  logits[33] = -3e38;
  logits[150] = INF;
  logits[499] = INF;
  assert.deepEqual(topK(logits, 0, 10), [
    [150, INF],
    [499, INF],
    [33, Math.fround(-3e38)],
  ]);
  topK(Float32Array.from(HARD), 0, 100);
});

test("adjust() has the bits of the reference, writes the raw logit, and leaves other rows alone", () => {
  const [n, first] = [100, 2_048];
  const next = seeded(4);
  const logits = normals(n, 1, 5);
  logits.set(HARD);
  const ids = [0, 2_047, 2_048, 2_050, 2_060, 2_099, 2_147, 2_148, 4_000_000_000];
  for (let id = 2_061; id < 2_090; id++) ids.push(id);
  const entries = new Uint8Array(ids.length * ADJUST_BYTES);
  const view = new DataView(entries.buffer);
  ids.forEach((id, i) => {
    view.setUint32(i * ADJUST_BYTES, id, true);
    view.setFloat32(i * ADJUST_BYTES + 4, i % 7 === 3 ? -INF : next() * 4 - 2, true);
    view.setFloat32(i * ADJUST_BYTES + 8, 0.5 + next(), true);
    view.setFloat32(i * ADJUST_BYTES + 12, next(), true);
    view.setFloat32(i * ADJUST_BYTES + 16, 12_345, true);
  });
  pair.write(LOGITS, logits);
  pair.write(ENTRIES, entries);
  pair.both((kernels) => kernels.adjust(LOGITS, n, first, ENTRIES, ids.length));
  const adjusted = pair.same(LOGITS, n, "adjust");
  const written = pair.same(ENTRIES, entries.length / 4, "entries of adjust");
  ids.forEach((id, i) => {
    const inside = id >= first && id < first + n;
    assert.equal(written[i * 5 + 4], inside ? logits[id - first] : 12_345, `raw of ${id}`);
  });
  assert.deepEqual(adjusted.subarray(90, 99), logits.subarray(90, 99));
});

test("adjust() divides a positive logit by the repetition penalty and multiplies a negative one", () => {
  const entries = new ArrayBuffer(2 * ADJUST_BYTES);
  new Uint32Array(entries).set([0, 0, 0, 0, 0, 1]);
  new Float32Array(entries, 4, 3).set([1, 2, 0.25]);
  new Float32Array(entries, 24, 3).set([-1, 2, 0.25]);
  pair.write(LOGITS, Float32Array.of(3, -3));
  pair.write(ENTRIES, new Uint8Array(entries));
  pair.both((kernels) => kernels.adjust(LOGITS, 2, 0, ENTRIES, 2));
  assert.deepEqual([...pair.same(LOGITS, 2, "adjust")], [1.75, -8.25]);
});

test("tile_sums() has the bits of the reference, over sizes, tiles and scales", () => {
  for (const n of [0, 1, 3, 4, 5, 63, 64, 1_000, 5_003]) {
    for (const tile of [1, 5, 8, 64, 2_048]) {
      for (const scale of [1, 1 / 0.7, 50]) {
        pair.write(LOGITS, normals(n, n + tile, 5));
        pair.both((kernels) => kernels.tile_sums(OUT, LOGITS, n, tile, scale));
        pair.same(OUT, Math.ceil(n / tile) * 2, `tile_sums of ${n} by ${tile}`);
      }
    }
  }
});

test("tile_sums() has the bits of the reference for hard values and NaN", () => {
  const logits = Float32Array.from(HARD.flatMap((a) => HARD.map((b, i) => (i === 4 ? Number.NaN : i % 2 ? a : b))));
  pair.write(LOGITS, logits);
  for (const tile of [1, 3, 4, 7, 16, 100]) {
    pair.both((kernels) => kernels.tile_sums(OUT, LOGITS, logits.length, tile, 1));
    pair.same(OUT, Math.ceil(logits.length / tile) * 2, `tile_sums of hard values by ${tile}`);
  }
});

test("tile_sums() is the maximum and the sum of exp((x - m) * scale), within 1e-6 of double precision", () => {
  const [n, scale] = [2_048, 1 / 0.7];
  const logits = normals(n, 8, 3);
  pair.write(LOGITS, logits);
  pair.wasm.tile_sums(OUT, LOGITS, n, n, scale);
  const [max, sum] = pair.floats(OUT, 2);
  const largest = Math.max(...logits);
  const expected = logits.reduce((total, x) => total + Math.exp((x - largest) * scale), 0);
  assert.equal(max, largest);
  assert.ok(Math.abs(sum! - expected) < 1e-6 * expected);
});

test("tile_sums() gives -infinity and 0 for a tile of nothing else, and counts masked logits as 0", () => {
  const logits = new Float32Array(30).fill(-INF);
  logits[13] = 2;
  logits[17] = 2;
  pair.write(LOGITS, logits);
  pair.both((kernels) => kernels.tile_sums(OUT, LOGITS, 30, 10, 1));
  assert.deepEqual([...pair.same(OUT, 6, "tile_sums")], [-INF, 0, 2, 2, -INF, 0]);
});
