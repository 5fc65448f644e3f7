// Floats as integers with one scale: a block of activations or one head of a key or value as int8, a query or a page's
// weights as int16. Bit for bit what assembly/quantize.ts computes. Must not know: where the integers go.

const LARGEST_F32 = 3.4028234663852886e38;
export const INT8 = 127;
export const INT16 = 32_767;

/** x = scale * integer. */
export interface Integers {
  readonly integers: Int16Array;
  readonly scale: number;
}

/**
 * Numbers as integers of at most `largest`. largest / max is capped at the largest float, for maxima so small that it would
 * overflow. Where one is NaN or an infinity all become zeros with scale NaN: what reads them is NaN, never a plausible number.
 */
export function toIntegers(values: Float32Array, largest: typeof INT8 | typeof INT16): Integers {
  let max = 0;
  for (const value of values) max = Math.max(max, Math.abs(value));
  if (!Number.isFinite(max)) return { integers: new Int16Array(values.length), scale: Number.NaN };
  if (max === 0) return { integers: new Int16Array(values.length), scale: 0 };
  const inverse = Math.min(Math.fround(largest / max), LARGEST_F32);
  return {
    integers: Int16Array.from(values, (x) => roundHalfEven(Math.fround(x * inverse))),
    scale: Math.fround(max / largest),
  };
}

/** Adding 1.5 * 2^23 in single precision leaves no bits for a fraction: the sum is rounded, half to even. */
function roundHalfEven(x: number): number {
  return Math.fround(x + 12_582_912) - 12_582_912;
}
