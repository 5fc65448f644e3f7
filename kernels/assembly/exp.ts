// e^x in single precision, four lanes at a time: the only exp behind swiglu, softmax and the sums of logits.
// Takes and gives a vector; reference/exp.ts is the same arithmetic in plain TypeScript, bit for bit.
// Must not know: who calls.
//
//   n = round(x / ln 2)              by adding and taking away 1.5 * 2^23 - 1, after which the low bits hold n - 1
//   r = x - n * ln 2                 ln 2 in two parts, so that n * the upper one is exact; |r| <= ln 2 / 2
//   q = (q0 + q1 r) + r² ((q2 + q3 r) + r² q4)     in halves, for their chains of operations are short
//   p = 1 + (r + r² q)               minimax (Lawson) for the relative error of p
//   e^x = 2 * (p * 2^(n - 1))        n - 1 is added to p's exponent; the doubling overflows as it should
//
// The error is below 1 ulp (0.99, of all floats). Below LOW, where e^x < 2^-125, it gives 0: no denormal numbers arise.

/** Constants as f32 bits; in memory, since V8 rebuilds a vector constant at every use. */
const TABLE = memory.data<u32>(
  [
    0x42b20000, //  0: 89: more is infinity as well, and the steps in between stay finite
    0x3fb8aa3b, //  4: 1 / ln 2
    0x4b3fffff, //  8: 1.5 * 2^23 - 1
    0x3f317200, // 12: ln 2, upper 15 bits
    0x35bfbe8e, // 16: ln 2, the rest
    0x3ab511e8, // 20: q4 = 0.0013814540579915047
    0x3c091d10, // 24: q3 = 0.00836874544620514
    0x3d2aac79, // 28: q2 = 0.04166838899254799
    0x3e2aaa49, // 32: q1 = 0.1666652113199234
    0x3efffffe, // 36: q0 = 0.4999999403953552
    0x3f800000, // 40: 1
    0xc2ad496b, // 44: LOW
  ],
  16,
);

/** e^x in every lane. */
@inline
export function exp4(x: v128): v128 {
  x = f32x4.pmin(x, v128.load32_splat(TABLE));
  const rounder = v128.load32_splat(TABLE, 8);
  const shifted = f32x4.add(f32x4.mul(x, v128.load32_splat(TABLE, 4)), rounder);
  const n = f32x4.sub(shifted, rounder);
  const upper = f32x4.sub(x, f32x4.mul(n, v128.load32_splat(TABLE, 12)));
  const r = f32x4.sub(upper, f32x4.mul(n, v128.load32_splat(TABLE, 16)));
  const r2 = f32x4.mul(r, r);
  const low = f32x4.add(v128.load32_splat(TABLE, 36), f32x4.mul(r, v128.load32_splat(TABLE, 32)));
  const middle = f32x4.add(v128.load32_splat(TABLE, 28), f32x4.mul(r, v128.load32_splat(TABLE, 24)));
  const high = f32x4.add(middle, f32x4.mul(r2, v128.load32_splat(TABLE, 20)));
  const q = f32x4.add(low, f32x4.mul(r2, high));
  const p = f32x4.add(f32x4.add(f32x4.mul(q, r2), r), v128.load32_splat(TABLE, 40));
  const half = i32x4.add(p, i32x4.shl(shifted, 23));
  return v128.andnot(f32x4.add(half, half), f32x4.lt(x, v128.load32_splat(TABLE, 44)));
}
