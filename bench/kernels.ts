// How fast the matrix kernels are here: `node bench/kernels.ts` or `deno run -A bench/kernels.ts`, one thread.
// Prints GMAC/s of a matrix times one token with weights streaming from memory, and of 2 to 512 tokens, beside the read
// bandwidth of the same run. `--variant=i32|i16|plain` forces one; `--format=q4|q8`; `--shape=N,K`. One JSON line ends it.
// Must not know: models. Uses web APIs alone, and fetch of file URLs stands in for a loader where there is one.

import { activationBytes, KERNEL_BYTES, matmulScratchBytes, matrixBytes, type WeightFormat } from "../kernels/abi.ts";
import { type KernelModules, loadKernels, type Variant } from "../src/engine/kernels.ts";

/** Bytes of weights that one pass walks over: more than any cache. */
const WEIGHT_BYTES = 256 * 2 ** 20;
/** Rounds of each figure; the median is printed. */
const ROUNDS = 5;

// read(from, bytes): xor of four streams, 64 bytes of each a turn. AssemblyScript, compiled once, 288 bytes.
const READ_WASM =
  "AGFzbQEAAAABBwFgAn9/AX8CDwEDZW52Bm1lbW9yeQIAAAMCAQAHCAEEcmVhZAAACu0BAeoBAgR/BHsgACABQQJ2IgVqIgEhBCAFIAEgBWoiA2oh" +
  "AgNAIAAgBEkEQCAGIAD9AAQAIAD9AAQQ/VH9USAA/QAEICAA/QAEMP1R/VEhBiAHIAH9AAQAIAH9AAQQ/VH9USAB/QAEICAB/QAEMP1R/VEh" +
  "ByAIIAP9AAQAIAP9AAQQ/VH9USAD/QAEICAD/QAEMP1R/VEhCCAJIAL9AAQAIAL9AAQQ/VH9USAC/QAEICAC/QAEMP1R/VEhCSAAQUBrIQAg" +
  "AUFAayEBIANBQGshAyACQUBrIQIMAQsLIAYgB/1RIAggCf1R/VH9GwAL";

const { variant: forced, formats, shape } = options();
const [N, K] = shape;

const memory = new WebAssembly.Memory({ initial: Math.ceil((WEIGHT_BYTES + 96 * 2 ** 20) / 65_536) });
const { kernels, variant } = await loadKernels(await loadModules(), memory, forced);
const read = await loadRead();
const weights = KERNEL_BYTES;
fillWeights();

const results: Record<string, number> = { "read GB/s": median(ROUNDS, readPass) };
console.log(`variant ${variant}, W (${N}, ${K}), medians of ${ROUNDS}`);
console.log(`read roof           ${results["read GB/s"]!.toFixed(1)} GB/s`);
for (const format of formats) {
  for (const T of [1, 2, 3, 4, 6, 8, 16, 64, 512]) report(format, T);
}
results[`read GB/s after`] = median(ROUNDS, readPass);
console.log(`read roof after     ${results["read GB/s after"]!.toFixed(1)} GB/s`);
console.log(JSON.stringify({ variant, N, K, ...results }));

function report(format: WeightFormat, T: number): void {
  const gmacs = median(T > 64 ? 3 : ROUNDS, () => matmulPass(format, T));
  const gigabytes = (gmacs / T / (N * K)) * matrixBytes(format, N, K);
  results[`${format} T=${T}`] = gmacs;
  const share = ((100 * gigabytes) / results["read GB/s"]!).toFixed(0);
  console.log(
    `${format} T = ${String(T).padEnd(4)} ${gmacs.toFixed(1).padStart(6)} GMAC/s  weights ${share.padStart(3)} % of the roof`,
  );
}

/** GMAC/s of T tokens times as many different matrices as lie in the weights, or as half a second allows. */
function matmulPass(format: WeightFormat, T: number): number {
  const x8 = weights + WEIGHT_BYTES;
  const scratch = x8 + align(activationBytes(T, K));
  const out = scratch + align(matmulScratchBytes(K));
  const multiply = format === "q4" ? kernels.matmul_q4 : kernels.matmul_q8;
  fillActivations(x8, out, T);
  const count = Math.floor(WEIGHT_BYTES / matrixBytes(format, N, K));
  const start = performance.now();
  let done = 0;
  while (done < count && performance.now() - start < 500) {
    multiply(out, x8, weights + done * matrixBytes(format, N, K), 0, T, N, K, scratch);
    done++;
  }
  return (done * T * N * K) / (performance.now() - start) / 1e6;
}

/** GB/s of reading the weights. */
function readPass(): number {
  const piece = 4 * 2 ** 20;
  const start = performance.now();
  for (let at = 0; at < WEIGHT_BYTES; at += piece) read(weights + at, piece);
  return WEIGHT_BYTES / (performance.now() - start) / 1e6;
}

/** Any nibbles do; scales must be ordinary numbers, because denormal ones halve every figure. Every 16-bit word is one. */
function fillWeights(): void {
  new Uint16Array(memory.buffer, weights, WEIGHT_BYTES / 2).forEach((_, i, words) => {
    words[i] = 0x3c00 | ((i * 40_503) & 0x7f);
  });
}

function fillActivations(x8: number, x: number, T: number): void {
  const values = new Float32Array(memory.buffer, x, T * K);
  for (let i = 0; i < T * K; i++) values[i] = Math.sin(i);
  kernels.quantize(x8, x, T, K);
}

function median(rounds: number, measure: () => number): number {
  measure();
  const figures = Array.from({ length: rounds }, measure).sort((a, b) => a - b);
  return figures[rounds >> 1]!;
}

function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}

async function loadModules(): Promise<KernelModules> {
  const names = ["kernels-i32", "kernels-i16", "kernels-plain", "math"];
  const [i32, i16, plain, math] = await Promise.all(
    names.map(async (name) => WebAssembly.compile(await readFile(new URL(`../build/${name}.wasm`, import.meta.url)))),
  );
  return { i32: i32!, i16: i16!, plain: plain!, math: math! };
}

async function readFile(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  const { readFile } = await import("node:fs/promises");
  return new Uint8Array(await readFile(url));
}

async function loadRead(): Promise<(from: number, bytes: number) => number> {
  const bytes = Uint8Array.from(atob(READ_WASM), (character) => character.charCodeAt(0));
  const instance = await WebAssembly.instantiate(new WebAssembly.Module(bytes), { env: { memory } });
  return instance.exports["read"] as (from: number, bytes: number) => number;
}

function options(): { variant?: Variant; formats: WeightFormat[]; shape: [number, number] } {
  const args = process.argv.slice(2).map((argument) => argument.replace(/^--/, "").split("="));
  const { variant, format, shape } = Object.fromEntries(args) as Record<string, string | undefined>;
  return {
    ...(variant ? { variant: variant as Variant } : {}),
    formats: format ? [format as WeightFormat] : ["q4", "q8"],
    shape: shape ? (shape.split(",").map(Number) as [number, number]) : [4864, 896],
  };
}
