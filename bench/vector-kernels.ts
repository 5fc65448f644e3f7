// How fast the kernels other than the matrices' are here: `node bench/vector-kernels.ts [file.wasm]`, one thread.
// Shapes are Qwen2.5-0.5B's, one layer. Prints the median ns a call, GMAC/s for attention, GB/s of what a call reads and
// writes for the rest, and its share of a plain add over 64 MiB in the same run. Figures are rough: caches are warm.
// Must not know: models, the engine.

import { readFileSync } from "node:fs";
import { attentionScratchBytes, type Kernels, type KvFormat, PAGE, pageBytes } from "../kernels/abi.ts";
import { modulePath } from "../kernels/build.ts";

const [D, F, H, KV, DH, V] = [896, 4_864, 14, 2, 64, 151_936];
const LONGEST = 4_096;
const MIB = 2 ** 20;

const memory = new WebAssembly.Memory({ initial: (160 * MIB) / 65_536 });
const module = new WebAssembly.Module(readFileSync(process.argv[2] ?? modulePath("kernels-plain")));
const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;

const [A, B, OUT, PAGES, SCRATCH, CACHE] = [1, 66, 131, 140, 141, 142].map((mebibyte) => mebibyte * MIB) as [
  number,
  number,
  number,
  number,
  number,
  number,
];
const numbers = new Float32Array(memory.buffer, A, (128 * MIB) / 4);
for (let i = 0; i < numbers.length; i++) numbers[i] = Math.sin(i * 1.7) * 3;
new Uint32Array(memory.buffer, PAGES, LONGEST / PAGE).forEach((_, i, pages) => {
  pages[i] = i;
});

const roof = gigabytes(128 * MIB + 64 * MIB, () => kernels.add(A, B, (64 * MIB) / 4), "add of 64 MiB", 8);

move("rms_norm 1 row", 8 * D, () => kernels.rms_norm(OUT, A, B, 1, D, 1e-6));
move("rms_norm 128 rows", 128 * 8 * D, () => kernels.rms_norm(OUT, A, B, 128, D, 1e-6));
move("add 1 row", 12 * D, () => kernels.add(OUT, B, D));
move("swiglu 1 row", 12 * F, () => kernels.swiglu(OUT, A, B, F));
move("swiglu 128 rows", 128 * 12 * F, () => kernels.swiglu(OUT, A, B, 128 * F));
move("rope_angles 1 row", 8 * DH, () => kernels.rope_angles(OUT, A, PAGES + 64, 1, DH));
move("rope q 128 rows", 128 * 8 * H * DH, () => kernels.rope(B, B, OUT, 128, H, DH));
move("tile_sums of the vocabulary", 4 * V, () => kernels.tile_sums(OUT, A, V, 2_048, 1.4));
for (const k of [1, 20, 128, 2_048]) move(`top_k ${k} of the vocabulary`, 4 * V, () => kernels.top_k(OUT, A, V, 0, k));
for (const format of ["bf16", "q8"] as const) {
  const stride = pageBytes(format, KV, DH);
  const store = kernels[`kv_store_${format}`];
  move(`kv_store_${format} 1 row`, 12 * KV * DH, () => store(CACHE, stride, PAGES, 127, A, B, 1, KV, DH));
  move(`kv_store_${format} 128 rows`, 128 * 12 * KV * DH, () => store(CACHE, stride, PAGES, 512, A, B, 128, KV, DH));
  store(CACHE, stride, PAGES, 0, A, B, LONGEST, KV, DH);
  for (const context of [128, 1_024, LONGEST]) attend(format, 1, context);
  attend(format, 128, 512 + 128);
}

/** The last T rows of `context` positions. */
function attend(format: KvFormat, T: number, context: number): void {
  const position = context - T;
  const stride = pageBytes(format, KV, DH);
  const attention = kernels[`attention_${format}`];
  const run = () => attention(OUT, A, CACHE, stride, PAGES, position, T, H, KV, DH, 0, 0, SCRATCH);
  if (attentionScratchBytes(H, KV, DH) > CACHE - SCRATCH) throw new RangeError("Scratch is too small");
  const nanoseconds = median(run);
  const macs = 2 * H * DH * T * (position + (T + 1) / 2);
  print(`attention_${format} ${T} at ${position}`, nanoseconds, `${(macs / nanoseconds).toFixed(1)} GMAC/s`);
}

function move(name: string, bytes: number, run: () => unknown): void {
  gigabytes(bytes, run, name);
}

function gigabytes(bytes: number, run: () => unknown, name: string, calls?: number): number {
  const nanoseconds = median(run, calls);
  const rate = bytes / nanoseconds;
  print(name, nanoseconds, `${rate.toFixed(1)} GB/s${calls ? "" : `, ${(rate / roof).toFixed(2)} of the add`}`);
  return rate;
}

/** Median ns of a call over 7 rounds of about 20 ms, after one to warm up. */
function median(run: () => unknown, calls = callsIn(20, run)): number {
  const rounds = Array.from({ length: 8 }, () => {
    const start = performance.now();
    for (let i = 0; i < calls; i++) run();
    return ((performance.now() - start) * 1e6) / calls;
  });
  return rounds.slice(1).sort((a, b) => a - b)[3]!;
}

function callsIn(milliseconds: number, run: () => unknown): number {
  const start = performance.now();
  let calls = 0;
  while (performance.now() - start < milliseconds) {
    run();
    calls++;
  }
  return calls;
}

function print(name: string, nanoseconds: number, rate: string): void {
  console.log(`${name.padEnd(30)} ${nanoseconds.toFixed(0).padStart(11)} ns  ${rate}`);
}
