// A small f32 matrix product over panels of 16 lanes, the inner loop of attention: scores and mixed values alike.
// Every lane of the output is one sum, k in order, so how rows and panels are grouped changes no bit.
// Must not know: positions, softmax.

/** Bytes between the factors of two rows: attention's states. */
const FACTOR: usize = 16;

/**
 * out (rows, 16 * panels) = a (rows, K) · panels (K, 16 each); with `factors`, an f32 a row, out * factor is added.
 * Rows of out and a are `outPitch` and `aPitch` bytes apart, panels `height` rows of 64 bytes; K <= height.
 * Two rows share the loads of a panel; a last odd row takes two panels at a time, so `panels` is even.
 */
@inline
export function product(
  out: usize, outPitch: usize, a: usize, aPitch: usize, panel: usize, height: usize, panels: usize, K: usize,
  rows: u32, factors: usize,
): void {
  const apart = height * 64;
  for (; rows >= 2; rows -= 2) {
    for (let p: usize = 0; p < panels; p++) {
      twoRows(out + p * 64, out + outPitch + p * 64, a, a + aPitch, panel + p * apart, K, factors);
    }
    out += outPitch * 2;
    a += aPitch * 2;
    if (factors) factors += FACTOR * 2;
  }
  if (rows == 0) return;
  for (let p: usize = 0; p < panels; p += 2) {
    twoPanels(out + p * 64, a, panel + p * apart, panel + (p + 1) * apart, K, factors);
  }
}

@inline
function twoRows(out: usize, out2: usize, a: usize, a2: usize, panel: usize, K: usize, factors: usize): void {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let s2 = f32x4.splat(0);
  let s3 = f32x4.splat(0);
  let t0 = f32x4.splat(0);
  let t1 = f32x4.splat(0);
  let t2 = f32x4.splat(0);
  let t3 = f32x4.splat(0);
  for (const end = a + K * 4; a < end; a += 4, a2 += 4, panel += 64) {
    const x = v128.load32_splat(a);
    const y = v128.load32_splat(a2);
    const p0 = v128.load(panel);
    s0 = f32x4.add(s0, f32x4.mul(x, p0));
    t0 = f32x4.add(t0, f32x4.mul(y, p0));
    const p1 = v128.load(panel, 16);
    s1 = f32x4.add(s1, f32x4.mul(x, p1));
    t1 = f32x4.add(t1, f32x4.mul(y, p1));
    const p2 = v128.load(panel, 32);
    s2 = f32x4.add(s2, f32x4.mul(x, p2));
    t2 = f32x4.add(t2, f32x4.mul(y, p2));
    const p3 = v128.load(panel, 48);
    s3 = f32x4.add(s3, f32x4.mul(x, p3));
    t3 = f32x4.add(t3, f32x4.mul(y, p3));
  }
  put(out, s0, s1, s2, s3, factors);
  put(out2, t0, t1, t2, t3, factors ? factors + FACTOR : 0);
}

@inline
function twoPanels(out: usize, a: usize, panel: usize, panel2: usize, K: usize, factors: usize): void {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let s2 = f32x4.splat(0);
  let s3 = f32x4.splat(0);
  let t0 = f32x4.splat(0);
  let t1 = f32x4.splat(0);
  let t2 = f32x4.splat(0);
  let t3 = f32x4.splat(0);
  for (const end = a + K * 4; a < end; a += 4, panel += 64, panel2 += 64) {
    const x = v128.load32_splat(a);
    s0 = f32x4.add(s0, f32x4.mul(x, v128.load(panel)));
    s1 = f32x4.add(s1, f32x4.mul(x, v128.load(panel, 16)));
    s2 = f32x4.add(s2, f32x4.mul(x, v128.load(panel, 32)));
    s3 = f32x4.add(s3, f32x4.mul(x, v128.load(panel, 48)));
    t0 = f32x4.add(t0, f32x4.mul(x, v128.load(panel2)));
    t1 = f32x4.add(t1, f32x4.mul(x, v128.load(panel2, 16)));
    t2 = f32x4.add(t2, f32x4.mul(x, v128.load(panel2, 32)));
    t3 = f32x4.add(t3, f32x4.mul(x, v128.load(panel2, 48)));
  }
  put(out, s0, s1, s2, s3, factors);
  put(out + 64, t0, t1, t2, t3, factors);
}

/** 16 sums to out, added to out * factor where there is one. */
@inline
function put(out: usize, s0: v128, s1: v128, s2: v128, s3: v128, factor: usize): void {
  if (factor) {
    const by = v128.load32_splat(factor);
    s0 = f32x4.add(f32x4.mul(v128.load(out), by), s0);
    s1 = f32x4.add(f32x4.mul(v128.load(out, 16), by), s1);
    s2 = f32x4.add(f32x4.mul(v128.load(out, 32), by), s2);
    s3 = f32x4.add(f32x4.mul(v128.load(out, 48), by), s3);
  }
  v128.store(out, s0);
  v128.store(out, s1, 16);
  v128.store(out, s2, 32);
  v128.store(out, s3, 48);
}
