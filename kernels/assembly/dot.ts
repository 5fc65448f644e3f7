// The integer dot of 4 rows x 4 columns in its three ways; DOT says at compile time which one this build has.
// Takes x: the 4 int8 of one token, four times over; w: 4 rows x 4 columns of nibbles (0..15, never bit 7, so that
// every engine gives the same integers). Gives sums of one row per i32 lane. Must not know: where operands come from.
//
// A plane of a block is 8 steps. q4 has one, its sums begin at the token's start value, -8 · sum of its int8 (the zero
// point of nibbles). q8 has a high one like it, and a low one that begins at zero.
//   DOT 32: `add` 8 times, in i32.
//   DOT 16: `multiply`, then `add` 7 times in i16, two lanes a row: at most 8 · 2 · 15 · 127 = 30,480. The start comes last.
//   DOT  0: as 32, with the dot spelled out in plain SIMD.

// Constants come from memory, because V8 builds a constant vector anew at every use.
const CONSTANTS = memory.data<u32>([0x0f0f0f0f, 0x00010001, 0x00100010]);

/** 15 in every byte. */
@inline
export function nibbleMask(): v128 {
  return v128.load32_splat(CONSTANTS);
}

/** 1 in every i16. */
@inline
export function ones(): v128 {
  return v128.load32_splat(CONSTANTS, 4);
}

/** 16 in every i16. */
@inline
export function sixteens(): v128 {
  return v128.load32_splat(CONSTANTS, 8);
}

/** The even nibbles of 16 bytes. */
@inline
export function lowNibbles(bytes: v128, mask: v128): v128 {
  return v128.and(bytes, mask);
}

/** The odd ones. A 16-bit shift, then the mask: an 8-bit shift is five instructions. */
@inline
export function highNibbles(bytes: v128, mask: v128): v128 {
  return v128.and(i16x8.shr_u(bytes, 4), mask);
}

/** Four bf16, one in each lane's low half, as f32. */
@inline
export function bf16x4(bits: v128): v128 {
  return i32x4.shl(bits, 16);
}

@inline
function dot(x: v128, w: v128, sum: v128): v128 {
  if (DOT == 32) return i32x4.relaxed_dot_i8x16_i7x16_add_s(x, w, sum);
  // Rows 0, 1 and rows 2, 3: two sums a row, side by side.
  const low = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(x), i16x8.extend_low_i8x16_s(w));
  const high = i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(x), i16x8.extend_high_i8x16_s(w));
  const even = v128.shuffle<i32>(low, high, 0, 2, 4, 6);
  const odd = v128.shuffle<i32>(low, high, 1, 3, 5, 7);
  return i32x4.add(sum, i32x4.add(even, odd));
}

/** sum + a dot whose w may have 7 bits: products that two of i16's lanes could not hold, so each is widened at once. */
@inline
export function addDot(x: v128, w: v128, sum: v128, ones: v128): v128 {
  if (DOT == 16) return i32x4.add(sum, i32x4.dot_i16x8_s(multiply(x, w), ones));
  return dot(x, w, sum);
}

/** A step that adds to sums: i32 for DOT 32 and 0, i16 for DOT 16. */
@inline
export function add(x: v128, w: v128, sum: v128): v128 {
  if (DOT == 16) return i16x8.add(multiply(x, w), sum);
  return dot(x, w, sum);
}

/** DOT 16: a plane's first step, as i16. */
@inline
export function multiply(x: v128, w: v128): v128 {
  return i16x8.relaxed_dot_i8x16_i7x16_s(x, w);
}

/** A plane's sums as i32, with the start that DOT 16 still lacks. `ones` is ones(). */
@inline
export function close(sum: v128, start: v128, ones: v128): v128 {
  if (DOT == 16) return i32x4.add(i32x4.dot_i16x8_s(sum, ones), start);
  return sum;
}

/** 16 · high + low, with 16 · start where DOT 16 lacks it. */
@inline
export function join(high: v128, low: v128, start: v128, ones: v128, sixteens: v128): v128 {
  if (DOT == 16) {
    const sum = i32x4.add(i32x4.dot_i16x8_s(high, sixteens), i32x4.dot_i16x8_s(low, ones));
    return i32x4.add(sum, i32x4.shl(start, 4));
  }
  return i32x4.add(i32x4.shl(high, 4), low);
}

/** sums + f32(integers) · (scale of w · scale of x), each operation rounded. */
@inline
export function accumulate(sums: v128, integers: v128, w: v128, x: v128): v128 {
  return f32x4.add(sums, f32x4.mul(f32x4.convert_i32x4_s(integers), f32x4.mul(w, x)));
}
