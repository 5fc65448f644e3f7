// e^x in single precision, four lanes at a time: the only exp behind swiglu, softmax and the sums of logits.
// Takes and gives a vector; reference/exp.ts is the same arithmetic in plain TypeScript, bit for bit.
// Must not know: who calls.
//
//   n = round(x / ln 2)                  by adding and taking away 1.5 * 2^23, whose low bits then hold n
//   r = x - n * ln 2                     ln 2 in two parts, so that n * high part is exact; |r| <= ln 2 / 2
//   p = 1 + (r + r² * q(r))              q of degree 4, minimax (Lawson) for the relative error of p
//   e^x = p * 2^n                        n is added to p's exponent
//
// Below 1 ulp of error for every x (0.98, all floats tried). x < LOW gives 0 (no denormals), x > HIGH infinity.

/** Constants as f32 bits, in memory since V8 would rebuild a vector constant at every use. Offsets below. */
const TABLE = memory.data<u32>(
  [
    0x3fb8aa3b, // 1 / ln 2
    0x4b400000, // 1.5 * 2^23
    0x3f317200, // ln 2, upper 15 bits
    0x35bfbe8e, // ln 2, the rest
    0x3ab511e8, // q4 = 0.0013814540579915047
    0x3c091d10, // q3 = 0.00836874544620514
    0x3d2aac79, // q2 = 0.04166838899254799
    0x3e2aaa49, // q1 = 0.1666652113199234
    0x3efffffe, // q0 = 0.4999999403953552
    0x3f800000, // 1
    0xc2aeac4f, // LOW: e^x is a normal number from here on
    0x42b17217, // HIGH: the last x whose e^x is finite
    0x7f800000, // infinity
  ],
  16,
);

@inline
export function exp4(x: v128): v128 {
  const shifted = f32x4.add(f32x4.mul(x, v128.load32_splat(TABLE)), v128.load32_splat(TABLE, 4));
  const n = f32x4.sub(shifted, v128.load32_splat(TABLE, 4));
  const high = f32x4.sub(x, f32x4.mul(n, v128.load32_splat(TABLE, 8)));
  const r = f32x4.sub(high, f32x4.mul(n, v128.load32_splat(TABLE, 12)));
  let q = f32x4.add(f32x4.mul(v128.load32_splat(TABLE, 16), r), v128.load32_splat(TABLE, 20));
  q = f32x4.add(f32x4.mul(q, r), v128.load32_splat(TABLE, 24));
  q = f32x4.add(f32x4.mul(q, r), v128.load32_splat(TABLE, 28));
  q = f32x4.add(f32x4.mul(q, r), v128.load32_splat(TABLE, 32));
  const p = f32x4.add(f32x4.add(f32x4.mul(q, f32x4.mul(r, r)), r), v128.load32_splat(TABLE, 36));
  const y = i32x4.add(p, i32x4.shl(shifted, 23));
  const finite = v128.andnot(y, f32x4.lt(x, v128.load32_splat(TABLE, 40)));
  return v128.bitselect(v128.load32_splat(TABLE, 48), finite, f32x4.gt(x, v128.load32_splat(TABLE, 44)));
}
