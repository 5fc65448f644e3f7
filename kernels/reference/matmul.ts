// quantize, matmul and embed in plain TypeScript: the spec of kernels/assembly/{quantize,matmul,embed}.ts, bit for bit.
// Takes: offsets of one memory (abi.ts). With `activations: "float"` the rows stay exact and sums are double precision,
// which measures what int8 activations cost. Must not know: SIMD, tiles' speed, what a matrix means.

import { BLOCK, type FormatKernels, type Kernels, matrixBytes, type NamedFormatKernels, type Offset } from "../abi.ts";
import { WEIGHT_FORMATS, type WeightFormat } from "../formats.ts";
import { INT8, type Integers, toIntegers } from "./integers.ts";
import { blockIntegers, blockScale, dequantize } from "./pack.ts";

type MatrixKernels = NamedFormatKernels & Pick<Kernels, "quantize" | "tile">;

/** The kernels on matrices over `memory`. */
export function createMatrixKernels(
  memory: WebAssembly.Memory,
  options: { activations?: "int8" | "float"; tile?: number },
): MatrixKernels {
  const tile = options.tile ?? 6;
  const exactRows = options.activations === "float" ? new Map<Offset, Float32Array>() : undefined;

  function quantize(out: Offset, x: Offset, T: number, K: number): void {
    exactRows?.set(out, new Float32Array(memory.buffer, x, T * K).slice());
    for (let t = 0; t < T; t++) {
      for (let b = 0; b < K / BLOCK; b++) {
        const values = new Float32Array(memory.buffer, x + (t * K + b * BLOCK) * 4, BLOCK);
        writeBlock(new DataView(memory.buffer), out, { t, T, b, K, tile }, toIntegers(values, INT8));
      }
    }
  }

  function matmul(format: WeightFormat, [out, x8, w, bias, T, N, K]: MatmulArguments): void {
    const bytes = new Uint8Array(memory.buffer, w, matrixBytes(format, N, K));
    const view = new DataView(memory.buffer);
    const rows = exactRows ? productExact(format, bytes) : productInt8(format, bytes);
    for (let n = 0; n < N; n++) {
      const biasOfRow = bias === 0 ? undefined : view.getFloat32(bias + 4 * n, true);
      const sums = rows(n);
      for (let t = 0; t < T; t++) {
        const sum = biasOfRow === undefined ? sums[t]! : sums[t]! + biasOfRow;
        view.setFloat32(out + (t * N + n) * 4, sum, true);
      }
    }

    /** Row n: f += f32(integer dot) * (weight scale * activation scale), block after block, each step rounded. */
    function productInt8(format: WeightFormat, bytes: Uint8Array): (n: number) => ArrayLike<number> {
      const activations = Array.from({ length: T }, (_, t) =>
        Array.from({ length: K / BLOCK }, (_, b) => readBlock(view, x8, { t, T, b, K, tile })),
      );
      return (n) => {
        const sums = new Float32Array(T);
        for (let b = 0; b < K / BLOCK; b++) {
          const weights = blockIntegers(format, bytes, n, b, K);
          const weightScale = blockScale(format, bytes, n, b, K);
          for (let t = 0; t < T; t++) {
            const { integers, scale } = activations[t]![b]!;
            let dot = 0;
            for (let k = 0; k < BLOCK; k++) dot += weights[k]! * integers[k]!;
            sums[t] = sums[t]! + Math.fround(dot * Math.fround(weightScale * scale));
          }
        }
        return sums;
      };
    }

    function productExact(format: WeightFormat, bytes: Uint8Array): (n: number) => ArrayLike<number> {
      const x = exactRows?.get(x8);
      if (!x || x.length < T * K)
        throw new RangeError(`No quantize of (${T}, ${K}) at offset ${x8} came before matmul`);
      const weights = dequantize(format, bytes, N, K);
      return (n) => {
        const sums = new Float64Array(T);
        for (let t = 0; t < T; t++) {
          for (let k = 0; k < K; k++) sums[t] = sums[t]! + weights[n * K + k]! * x[t * K + k]!;
        }
        return sums;
      };
    }
  }

  function embed(format: WeightFormat, ...[out, w, rows, T, K]: EmbedArguments): void {
    const view = new DataView(memory.buffer);
    for (let t = 0; t < T; t++) {
      const row = view.getUint32(rows + 4 * t, true);
      const group = row - (row % 4);
      const bytes = new Uint8Array(
        memory.buffer,
        w + matrixBytes(format, 8, K) * (group / 8),
        matrixBytes(format, 8, K) / 2,
      );
      new Float32Array(memory.buffer, out + 4 * t * K, K).set(
        dequantize(format, bytes, 4, K).subarray((row % 4) * K, ((row % 4) + 1) * K),
      );
    }
  }

  const ofFormats = WEIGHT_FORMATS.map((format) => ({
    [`matmul_${format}`]: (...args: MatmulArguments) => matmul(format, args),
    [`embed_${format}`]: (...args: EmbedArguments) => embed(format, ...args),
  }));
  return { quantize, tile: () => tile, ...(Object.assign({}, ...ofFormats) as NamedFormatKernels) };
}

type MatmulArguments = Parameters<FormatKernels["matmul"]>;
type EmbedArguments = Parameters<FormatKernels["embed"]>;

/** Which block of a quantized (T, K): token t, block b, and the tiles it was written in. */
interface BlockPlace {
  readonly t: number;
  readonly T: number;
  readonly b: number;
  readonly K: number;
  readonly tile: number;
}

/** Offsets of token t's parts in block b, and the distance of its 4-byte pieces. */
function place(out: Offset, { t, T, b, K, tile }: BlockPlace) {
  const first = t - (t % tile);
  const n = Math.min(tile, T - first);
  const block = out + (first * (K / BLOCK) + b * n) * 40;
  const lane = 4 * (t - first);
  return { start: block + lane, integers: block + 4 * n + lane, stride: 4 * n, scale: block + 36 * n + lane };
}

function writeBlock(view: DataView, out: Offset, where: BlockPlace, { integers, scale }: Integers): void {
  const at = place(out, where);
  let sum = 0;
  for (let k = 0; k < BLOCK; k++) {
    sum += integers[k]!;
    view.setInt8(at.integers + (k >> 2) * at.stride + (k & 3), integers[k]!);
  }
  view.setInt32(at.start, -8 * sum, true);
  view.setFloat32(at.scale, scale, true);
}

function readBlock(view: DataView, x8: Offset, where: BlockPlace): Integers {
  const at = place(x8, where);
  const integers = new Int16Array(BLOCK);
  for (let k = 0; k < BLOCK; k++) integers[k] = view.getInt8(at.integers + (k >> 2) * at.stride + (k & 3));
  return { integers, scale: view.getFloat32(at.scale, true) };
}
