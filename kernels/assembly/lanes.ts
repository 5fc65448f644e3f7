// Folding of a vector's four lanes into one number, in the order that every sum of this library has.
// Must not know: what is summed.

/** (0 + 2) + (1 + 3). */
@inline
export function fold(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 2)) + (f32x4.extract_lane(v, 1) + f32x4.extract_lane(v, 3));
}

/** The largest lane. No lane may be NaN: keep it out by `pmax(largest, v)`, which never takes one from v. */
@inline
export function foldMax(v: v128): f32 {
  const pairs = f32x4.pmax(v, v128.shuffle<f32>(v, v, 2, 3, 2, 3));
  return f32x4.extract_lane(f32x4.pmax(pairs, v128.shuffle<f32>(pairs, pairs, 1, 1, 1, 1)), 0);
}
