// How fast the matrix kernels are on this machine, in one thread: `node bench/kernels.ts`, or
// `deno run --allow-read --allow-env bench/kernels.ts`. Weights stream from memory; beside GMAC/s stands the read bandwidth
// of the same run, the roof of one token. Options: --variant=i32|i16|plain --format=q4,q8 --columns=896 --tokens=1,8,512.
// Figures come from calls of about a millisecond: the best twentieth (what the machine can do), and the median (what it
// did beside other work). Takes the built modules. Must not know: models. The last line is JSON.

import { readFile } from "node:fs/promises";
import process from "node:process";
import { activationBytes, KERNEL_BYTES, matmulScratchBytes, matrixBytes } from "../kernels/abi.ts";
import { WEIGHT_FORMATS, type WeightFormat } from "../kernels/formats.ts";
import { loadKernels, type Variant } from "../src/engine/kernels.ts";

/** Bytes of weights that the calls walk over: more than any cache. */
const WEIGHT_BYTES = 256 * 2 ** 20;
const MILLISECONDS_PER_FIGURE = 1_000;
/** Multiply-accumulates of one call, about a millisecond of them. */
const MACS_PER_CALL = 3e7;
const READ_PIECE = 2 ** 22;

// read(from, bytes): the xor of four streams, 64 bytes of each a turn; AssemblyScript, compiled once.
const READ_WASM =
  "AGFzbQEAAAABBwFgAn9/AX8CDwEDZW52Bm1lbW9yeQIAAAMCAQAHCAEEcmVhZAAACu0BAeoBAgR/BHsgACABQQJ2IgVqIgEhBCAFIAEgBWoiA2oh" +
  "AgNAIAAgBEkEQCAGIAD9AAQAIAD9AAQQ/VH9USAA/QAEICAA/QAEMP1R/VEhBiAHIAH9AAQAIAH9AAQQ/VH9USAB/QAEICAB/QAEMP1R/VEh" +
  "ByAIIAP9AAQAIAP9AAQQ/VH9USAD/QAEICAD/QAEMP1R/VEhCCAJIAL9AAQAIAL9AAQQ/VH9USAC/QAEICAC/QAEMP1R/VEhCSAAQUBrIQAg" +
  "AUFAayEBIANBQGshAyACQUBrIQIMAQsLIAYgB/1RIAggCf1R/VH9GwAL";

interface Figure {
  readonly best: number;
  readonly median: number;
}

const options = new Map(
  process.argv.slice(2).map((argument) => argument.replace(/^--/, "").split("=") as [string, string]),
);
const K = Number(options.get("columns") ?? 896);
const tokens = (options.get("tokens") ?? "1,2,4,8,16,64,512").split(",").map(Number);
const formats = (options.get("format") ?? WEIGHT_FORMATS.join()).split(",") as WeightFormat[];

const memory = new WebAssembly.Memory({ initial: (WEIGHT_BYTES + 2 ** 26) / 65_536 });
const [i32, i16, plain, math] = await Promise.all(["kernels-i32", "kernels-i16", "kernels-plain", "math"].map(compile));
const { kernels, variant } = await loadKernels(
  { i32: i32!, i16: i16!, plain: plain!, math: math! },
  memory,
  options.get("variant") as Variant | undefined,
);
const read = await loadRead();
fillWeights();

const roof = measure((call) => {
  read(KERNEL_BYTES + ((call * READ_PIECE) % WEIGHT_BYTES), READ_PIECE);
  return READ_PIECE / 1e6;
});
console.log(`variant ${variant}, ${K} columns; best twentieth (median)`);
console.log(`read       ${show(roof)} GB/s`);
const figures: Record<string, Figure> = { read: roof };
for (const format of formats) {
  for (const T of tokens) {
    const figure = measureMatmul(format, T);
    figures[`${format} ${T}`] = figure;
    const bytesPerMac = matrixBytes(format, 8, K) / (8 * K * T);
    const share = Math.round((100 * figure.best * bytesPerMac) / roof.best);
    console.log(`${format} T ${String(T).padEnd(4)} ${show(figure)} GMAC/s, weights at ${share} % of the read roof`);
  }
}
console.log(JSON.stringify({ variant, columns: K, figures }));

/** GMAC/s of T tokens, each call with other rows of the weights. */
function measureMatmul(format: WeightFormat, T: number): Figure {
  const x8 = KERNEL_BYTES + WEIGHT_BYTES;
  const scratch = x8 + align(activationBytes(T, K));
  const out = scratch + align(matmulScratchBytes(K));
  const N = Math.max(64, Math.min(4096, Math.round(MACS_PER_CALL / (T * K) / 64) * 64));
  const multiply = kernels[`matmul_${format}`];
  const bytes = matrixBytes(format, N, K);
  const x = Float32Array.from({ length: T * K }, (_, i) => Math.sin(i));
  new Float32Array(memory.buffer, out, T * K).set(x);
  kernels.quantize(x8, out, T, K);
  return measure((call) => {
    multiply(out, x8, KERNEL_BYTES + (call % Math.floor(WEIGHT_BYTES / bytes)) * bytes, 0, T, N, K, scratch);
    return (T * N * K) / 1e6;
  });
}

/** Units a millisecond over many calls; a call says how many units it did. The first tenth warms up. */
function measure(run: (call: number) => number): Figure {
  const rates: number[] = [];
  const end = performance.now() + MILLISECONDS_PER_FIGURE;
  for (let call = 0, start = performance.now(); start < end; call++) {
    const units = run(call);
    const now = performance.now();
    rates.push(units / (now - start));
    start = now;
  }
  const sorted = rates.slice(Math.floor(rates.length / 10)).sort((a, b) => b - a);
  return { best: sorted[Math.floor(sorted.length / 20)]!, median: sorted[sorted.length >> 1]! };
}

/** Any nibbles do, but scales must be ordinary numbers: denormal ones halve every figure. So every 16 bits are one. */
function fillWeights(): void {
  const words = new Uint16Array(memory.buffer, KERNEL_BYTES, WEIGHT_BYTES / 2);
  for (let i = 0; i < words.length; i++) words[i] = 0x3c00 | ((i * 40_503) & 0x7f);
}

function show({ best, median }: Figure): string {
  return `${best.toFixed(1).padStart(6)} (${median.toFixed(1)})`;
}

function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}

async function compile(name: string): Promise<WebAssembly.Module> {
  return WebAssembly.compile(new Uint8Array(await readFile(new URL(`../build/${name}.wasm`, import.meta.url))));
}

async function loadRead(): Promise<(from: number, bytes: number) => number> {
  const bytes = Uint8Array.from(atob(READ_WASM), (character) => character.charCodeAt(0));
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
  return instance.exports.read as (from: number, bytes: number) => number;
}
