// Packed matrices in plain TypeScript: floats to bytes for tests, bytes to floats for everyone.
// Owns: the byte layout of docs/format.md, read the simple way. Must not know: kernels, files; scripts/pack chooses
// better scales than the plain maximum used here.

import { BLOCK, BLOCK_BYTES, matrixBytes, ROW_GROUP } from "../abi.ts";
import { FORMATS, type WeightFormat } from "../formats.ts";

/** Bytes of the scales at the end of a block. */
const SCALE_BYTES = 8;

/** W (N, K) f32 as packed bytes, each block's scale from its largest absolute value; rows padded with zeros. */
export function pack(format: WeightFormat, values: Float32Array, N: number, K: number): Uint8Array {
  const bytes = new Uint8Array(matrixBytes(format, N, K));
  const view = new DataView(bytes.buffer);
  const { largest, smallest, write } = FORMATS[format];
  const integers = new Int8Array(BLOCK);
  const paddedRows = (bytes.length / (K / BLOCK) / BLOCK_BYTES[format]) * ROW_GROUP;
  for (let row = 0; row < paddedRows; row++) {
    for (let b = 0; b < K / BLOCK; b++) {
      const block = row < N ? values.subarray(row * K + b * BLOCK, row * K + (b + 1) * BLOCK) : new Float32Array(BLOCK);
      const bits = toBf16(block.reduce((max, value) => Math.max(max, Math.abs(value)), 0) / largest);
      const scale = fromBf16(bits);
      const at = blockOffset(format, row, b, K);
      view.setUint16(at + BLOCK_BYTES[format] - SCALE_BYTES + 2 * (row % ROW_GROUP), bits, true);
      for (let k = 0; k < BLOCK; k++) {
        integers[k] = scale === 0 ? 0 : Math.min(largest, Math.max(smallest, Math.round(block[k]! / scale)));
      }
      write(bytes, at, row % ROW_GROUP, integers);
    }
  }
  return bytes;
}

/** The decoded weights (N, K), each f32(scale) * integer rounded to f32. */
export function dequantize(format: WeightFormat, bytes: Uint8Array, N: number, K: number): Float32Array {
  const values = new Float32Array(N * K);
  for (let row = 0; row < N; row++) {
    for (let b = 0; b < K / BLOCK; b++) {
      const scale = blockScale(format, bytes, row, b, K);
      const integers = blockIntegers(format, bytes, row, b, K);
      for (let k = 0; k < BLOCK; k++) values[row * K + b * BLOCK + k] = scale * integers[k]!;
    }
  }
  return values;
}

/** The scale of block `b` of a row. */
export function blockScale(format: WeightFormat, bytes: Uint8Array, row: number, b: number, K: number): number {
  const at = blockOffset(format, row, b, K) + BLOCK_BYTES[format] - SCALE_BYTES + 2 * (row % ROW_GROUP);
  return fromBf16(bytes[at]! | (bytes[at + 1]! << 8));
}

/** The 32 integers of block `b` of a row. */
export function blockIntegers(format: WeightFormat, bytes: Uint8Array, row: number, b: number, K: number): Int8Array {
  const integers = new Int8Array(BLOCK);
  FORMATS[format].read(bytes, blockOffset(format, row, b, K), row % ROW_GROUP, integers);
  return integers;
}

function blockOffset(format: WeightFormat, row: number, b: number, K: number): number {
  return (Math.floor(row / ROW_GROUP) * (K / BLOCK) + b) * BLOCK_BYTES[format];
}

const word = new DataView(new ArrayBuffer(4));

/** The upper half of an f32, rounded to nearest even. `value` is finite. */
export function toBf16(value: number): number {
  word.setFloat32(0, value);
  const bits = word.getUint32(0);
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** The f32 whose upper half is `bits`. */
export function fromBf16(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}
