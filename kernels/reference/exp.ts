// e^x in single precision: what assembly/exp.ts computes, bit for bit, one number at a time.
// Takes and gives a number that is an f32. The method is described there. Must not know: who calls.

const f = Math.fround;

const PER_LN_2 = f(1.4426950216293335);
const ROUNDER = 12_582_911; // 1.5 * 2^23 - 1: an f32 of that size has no fraction
const LN_2_UPPER = f(0.693145751953125);
const LN_2_REST = f(1.428606765330187e-6);
const Q = [
  0.4999999403953552, 0.1666652113199234, 0.04166838899254799, 0.00836874544620514, 0.0013814540579915047,
] as const;
/** The smallest f32 whose e^x is at least 2^-125. */
const LOW = -86.64339447021484;

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** e^x for an f32 x, as an f32: within 1 ulp, 0 below LOW, infinity above 88.72283. */
export function exp(x: number): number {
  if (x < LOW) return 0;
  if (x > 89) return Infinity;
  const n = f(f(f(x * PER_LN_2) + ROUNDER) - ROUNDER);
  const r = f(f(x - f(n * LN_2_UPPER)) - f(n * LN_2_REST));
  const r2 = f(r * r);
  const low = f(Q[0] + f(r * Q[1]));
  const high = f(f(Q[2] + f(r * Q[3])) + f(r2 * Q[4]));
  const q = f(low + f(r2 * high));
  const p = f(f(f(q * r2) + r) + 1);
  float[0] = p;
  bits[0] = bits[0]! + ((n - 1) << 23); // the exponent of p grows by n - 1
  return f(float[0]! * 2);
}
