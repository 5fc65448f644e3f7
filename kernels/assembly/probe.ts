// What this machine makes of the relaxed dot; the loader chooses a variant by it (src/engine/kernels.ts).

// Operands come from memory: compilers fold relaxed operations on constants to one engine's answer.
const OPERANDS = memory.data<u32>([0x80808080, 0xffffffff]);

/**
 * dot(-128 x16, -1 x16) + 1. An operand b with bit 7 set shows which instruction the i32 dot became: 513 and -130,559
 * mean a single one, -65,535 means the five of x86 without AVX-VNNI, where i16 sums are twice as fast.
 */
export function probe(): i32 {
  if (DOT == 0) return 0;
  const a = v128.load32_splat(OPERANDS);
  const b = v128.load32_splat(OPERANDS, 4);
  return i32x4.extract_lane(i32x4.relaxed_dot_i8x16_i7x16_add_s(a, b, i32x4.splat(1)), 0);
}
