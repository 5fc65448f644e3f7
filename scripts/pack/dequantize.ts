// How published files store weights: llama.cpp's block types and the plain floats, each turned into f32.
// Takes whole blocks of bytes; gives f32 with the bits of llama.cpp's own dequantization (products of the scales are
// exact in double precision, then rounded once, as there). Must not know: files, tensors' names, our own formats.

/** One way to store weights. Blocks run along K; `block` values take `bytes` bytes. */
export interface StorageType {
  readonly name: string;
  readonly block: number;
  readonly bytes: number;
  /** Relative rounding error (rms) of normally distributed weights: what two copies of one tensor may differ by. */
  readonly noise: number;
  /** out (blocks x block) = the values of whole blocks. */
  dequantize(bytes: Uint8Array, out: Float32Array): void;
}

/** f16 bits -> f32, all of them: 256 KiB, made once. */
const F16 = Float32Array.from({ length: 65_536 }, (_, bits) => {
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * mantissa * 2 ** -24 : sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
});

const half = (b: Uint8Array, at: number): number => F16[b[at]! | (b[at + 1]! << 8)]!;

/** Views of bytes as f32 and u16 must be aligned; a copy is, whatever the offset was. */
const aligned = (bytes: Uint8Array): ArrayBufferLike =>
  bytes.byteOffset % 4 === 0 ? bytes.buffer : bytes.slice().buffer;

function fromF32(bytes: Uint8Array, out: Float32Array): void {
  const buffer = aligned(bytes);
  out.set(new Float32Array(buffer, buffer === bytes.buffer ? bytes.byteOffset : 0, bytes.length / 4));
}

function fromF16(bytes: Uint8Array, out: Float32Array): void {
  for (let i = 0, at = 0; at < bytes.length; i++, at += 2) out[i] = half(bytes, at);
}

function fromBf16(bytes: Uint8Array, out: Float32Array): void {
  const words = new Uint32Array(out.buffer, out.byteOffset, bytes.length / 2);
  for (let i = 0, at = 0; at < bytes.length; i++, at += 2) words[i] = (bytes[at]! | (bytes[at + 1]! << 8)) << 16;
}

// ┌ d f16 ┬ 16 bytes: value j in the low nibble of byte j, value 16 + j in the high one ┐
function fromQ4_0(b: Uint8Array, out: Float32Array): void {
  for (let at = 0, i = 0; at < b.length; at += 18, i += 32) {
    const d = half(b, at);
    for (let j = 0; j < 16; j++) {
      const q = b[at + 2 + j]!;
      out[i + j] = ((q & 15) - 8) * d;
      out[i + 16 + j] = ((q >> 4) - 8) * d;
    }
  }
}

// ┌ d f16 ┬ m f16 ┬ 16 bytes of nibbles ┐
function fromQ4_1(b: Uint8Array, out: Float32Array): void {
  for (let at = 0, i = 0; at < b.length; at += 20, i += 32) {
    const d = half(b, at);
    const m = half(b, at + 2);
    for (let j = 0; j < 16; j++) {
      const q = b[at + 4 + j]!;
      out[i + j] = (q & 15) * d + m;
      out[i + 16 + j] = (q >> 4) * d + m;
    }
  }
}

// ┌ d f16 ┬ 4 bytes: the fifth bits of values 0..31 ┬ 16 bytes of nibbles ┐
function fromQ5_0(b: Uint8Array, out: Float32Array): void {
  for (let at = 0, i = 0; at < b.length; at += 22, i += 32) {
    const d = half(b, at);
    const fifth = b[at + 2]! | (b[at + 3]! << 8) | (b[at + 4]! << 16) | (b[at + 5]! << 24);
    for (let j = 0; j < 16; j++) {
      const q = b[at + 6 + j]!;
      out[i + j] = (((q & 15) | (((fifth >>> j) & 1) << 4)) - 16) * d;
      out[i + 16 + j] = (((q >> 4) | (((fifth >>> (j + 16)) & 1) << 4)) - 16) * d;
    }
  }
}

// ┌ d f16 ┬ m f16 ┬ 4 bytes of fifth bits ┬ 16 bytes of nibbles ┐
function fromQ5_1(b: Uint8Array, out: Float32Array): void {
  for (let at = 0, i = 0; at < b.length; at += 24, i += 32) {
    const d = half(b, at);
    const m = half(b, at + 2);
    const fifth = b[at + 4]! | (b[at + 5]! << 8) | (b[at + 6]! << 16) | (b[at + 7]! << 24);
    for (let j = 0; j < 16; j++) {
      const q = b[at + 8 + j]!;
      out[i + j] = ((q & 15) | (((fifth >>> j) & 1) << 4)) * d + m;
      out[i + 16 + j] = ((q >> 4) | (((fifth >>> (j + 16)) & 1) << 4)) * d + m;
    }
  }
}

// ┌ d f16 ┬ 32 int8 ┐
function fromQ8_0(b: Uint8Array, out: Float32Array): void {
  for (let at = 0, i = 0; at < b.length; at += 34, i += 32) {
    const d = half(b, at);
    for (let j = 0; j < 32; j++) out[i + j] = ((b[at + 2 + j]! << 24) >> 24) * d;
  }
}

/** The 6-bit scale of sub-block j (0..7) of a K block, whose 12 bytes of scales and minima start at `at`. */
const subScale = (b: Uint8Array, at: number, j: number): number =>
  j < 4 ? b[at + j]! & 63 : (b[at + j + 4]! & 15) | ((b[at + j - 4]! >> 6) << 4);
/** Its 6-bit minimum. */
const subMinimum = (b: Uint8Array, at: number, j: number): number =>
  j < 4 ? b[at + j + 4]! & 63 : (b[at + j + 4]! >> 4) | ((b[at + j]! >> 6) << 4);

// ┌ d f16 ┬ dmin f16 ┬ 12 bytes: 8 scales and 8 minima of 6 bits ┬ 128 bytes of nibbles ┐
function fromQ4_K(b: Uint8Array, out: Float32Array): void {
  for (let at = 0, i = 0; at < b.length; at += 144, i += 256) {
    const d = half(b, at);
    const dmin = half(b, at + 2);
    for (let sub = 0; sub < 8; sub++) {
      const scale = d * subScale(b, at + 4, sub);
      const minimum = dmin * subMinimum(b, at + 4, sub);
      const q = at + 16 + 32 * (sub >> 1); // two sub-blocks share 32 bytes: low nibbles, then high ones
      const shift = 4 * (sub & 1);
      for (let j = 0; j < 32; j++) out[i + 32 * sub + j] = ((b[q + j]! >> shift) & 15) * scale - minimum;
    }
  }
}

// ┌ d f16 ┬ dmin f16 ┬ 12 bytes of scales and minima ┬ 32 bytes: bit s is the fifth bit of sub-block s ┬ 128 bytes ┐
function fromQ5_K(b: Uint8Array, out: Float32Array): void {
  for (let at = 0, i = 0; at < b.length; at += 176, i += 256) {
    const d = half(b, at);
    const dmin = half(b, at + 2);
    for (let sub = 0; sub < 8; sub++) {
      const scale = d * subScale(b, at + 4, sub);
      const minimum = dmin * subMinimum(b, at + 4, sub);
      const q = at + 48 + 32 * (sub >> 1);
      const shift = 4 * (sub & 1);
      for (let j = 0; j < 32; j++) {
        const value = ((b[q + j]! >> shift) & 15) | (((b[at + 16 + j]! >> sub) & 1) << 4);
        out[i + 32 * sub + j] = value * scale - minimum;
      }
    }
  }
}

// ┌ 128 bytes: low nibbles ┬ 64 bytes: upper pairs of bits ┬ 16 int8 scales ┬ d f16 ┐
function fromQ6_K(b: Uint8Array, out: Float32Array): void {
  for (let at = 0, i = 0; at < b.length; at += 210, i += 256) {
    const d = half(b, at + 208);
    for (let run = 0; run < 8; run++) {
      // A half block of 128 values has four runs of 32; runs 0 and 2, 1 and 3 share their bytes of low nibbles.
      const low = at + 64 * (run >> 2) + 32 * (run & 1);
      const high = at + 128 + 32 * (run >> 2);
      const lowShift = 4 * ((run >> 1) & 1);
      const highShift = 2 * (run & 3);
      for (let j = 0; j < 32; j++) {
        const scale = d * ((b[at + 192 + 2 * run + (j >> 4)]! << 24) >> 24);
        const q = ((b[low + j]! >> lowShift) & 15) | (((b[high + j]! >> highShift) & 3) << 4);
        out[i + 32 * run + j] = (q - 32) * scale;
      }
    }
  }
}

const type = (
  name: string,
  block: number,
  bytes: number,
  noise: number,
  dequantize: StorageType["dequantize"],
): StorageType => ({ name, block, bytes, noise, dequantize });

/** The types that `pack` reads, by ggml's number. */
export const STORAGE_TYPES: ReadonlyMap<number, StorageType> = new Map([
  [0, type("F32", 1, 4, 2 ** -24, fromF32)],
  [1, type("F16", 1, 2, 2 ** -12, fromF16)],
  [30, type("BF16", 1, 2, 2 ** -9, fromBf16)],
  [2, type("Q4_0", 32, 18, 0.08, fromQ4_0)],
  [3, type("Q4_1", 32, 20, 0.075, fromQ4_1)],
  [6, type("Q5_0", 32, 22, 0.04, fromQ5_0)],
  [7, type("Q5_1", 32, 24, 0.036, fromQ5_1)],
  [8, type("Q8_0", 32, 34, 0.005, fromQ8_0)],
  [12, type("Q4_K", 256, 144, 0.07, fromQ4_K)],
  [13, type("Q5_K", 256, 176, 0.035, fromQ5_K)],
  [14, type("Q6_K", 256, 210, 0.02, fromQ6_K)],
]);

/** The same by name. */
export const TYPE_NAMED: ReadonlyMap<string, StorageType> = new Map(
  [...STORAGE_TYPES.values()].map((each) => [each.name, each]),
);
