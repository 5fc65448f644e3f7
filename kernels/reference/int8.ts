// Floats as int8 with one scale: a block of activations, or one head of a key or value. Bit for bit what
// assembly/quantize.ts computes. Must not know: where the integers go.

const LARGEST_F32 = 3.4028234663852886e38;

/** x = scale * integer. */
export interface Int8Numbers {
  readonly integers: Int8Array;
  readonly scale: number;
}

/**
 * Numbers as int8. 127 / max is capped at the largest float, for maxima so small that it would overflow. Where one is NaN
 * or an infinity all become zeros with scale NaN: what reads them is NaN, never a plausible number.
 */
export function toInt8(values: Float32Array): Int8Numbers {
  let max = 0;
  for (const value of values) max = Math.max(max, Math.abs(value));
  if (!Number.isFinite(max)) return { integers: new Int8Array(values.length), scale: Number.NaN };
  if (max === 0) return { integers: new Int8Array(values.length), scale: 0 };
  const inverse = Math.min(Math.fround(127 / max), LARGEST_F32);
  return {
    integers: Int8Array.from(values, (x) => roundHalfEven(Math.fround(x * inverse))),
    scale: Math.fround(max / 127),
  };
}

/** Adding 1.5 * 2^23 in single precision leaves no bits for a fraction: the sum is rounded, half to even. */
function roundHalfEven(x: number): number {
  return Math.fround(x + 12_582_912) - 12_582_912;
}
