// e^x in single precision: what assembly/exp.ts computes, bit for bit, one number at a time.
// Takes and gives a number that is an f32. The method is described there. Must not know: who calls.

const f = Math.fround;

const PER_LN_2 = f(1.4426950216293335);
const ROUNDER = 12_582_912; // 1.5 * 2^23: after adding it an f32 has no fraction left
const LN_2_UPPER = f(0.693145751953125);
const LN_2_REST = f(1.428606765330187e-6);
const Q = [0.4999999403953552, 0.1666652113199234, 0.04166838899254799, 0.00836874544620514, 0.0013814540579915047];
const LOW = f(-87.33654022216797);
const HIGH = f(88.72283172607422);

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** e^x for an f32 x, as an f32: 0 below -87.33654, infinity above 88.72283, else within 1 ulp. */
export function exp(x: number): number {
  if (x < LOW) return 0;
  if (x > HIGH) return Infinity;
  const shifted = f(f(x * PER_LN_2) + ROUNDER);
  const n = f(shifted - ROUNDER);
  const r = f(f(x - f(n * LN_2_UPPER)) - f(n * LN_2_REST));
  let q = Q[4]!;
  for (let i = 3; i >= 0; i--) q = f(f(q * r) + Q[i]!);
  const p = f(f(f(q * f(r * r)) + r) + 1);
  float[0] = p;
  bits[0] = bits[0]! + (n << 23); // the exponent of p grows by n
  return float[0]!;
}
