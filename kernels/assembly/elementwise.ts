// Element by element: the residual addition, what all rows share, and SwiGLU. n is a multiple of 4; each element stands alone, so no order.
// Must not know: rows, layers.

import { exp4 } from "./exp";

export function add(x: usize, y: usize, n: u32): void {
  const bytes: usize = <usize>n * 4;
  for (let i: usize = 0; i < bytes; i += 16) v128.store(x + i, f32x4.add(v128.load(x + i), v128.load(y + i)));
}

export function subtract_row(x: usize, row: usize, T: u32, n: u32): void {
  const bytes: usize = <usize>n * 4;
  for (let t: u32 = 0; t < T; t++, x += bytes) {
    for (let i: usize = 0; i < bytes; i += 16) v128.store(x + i, f32x4.sub(v128.load(x + i), v128.load(row + i)));
  }
}

/** silu(g) * u = g / (1 + e^-g) * u. */
export function swiglu(out: usize, gate: usize, up: usize, n: u32): void {
  const bytes: usize = <usize>n * 4;
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  for (let i: usize = 0; i < bytes; i += 16) {
    const g = v128.load(gate + i);
    const silu = f32x4.div(g, f32x4.add(one, exp4(f32x4.sub(zero, g))));
    v128.store(out + i, f32x4.mul(silu, v128.load(up + i)));
  }
}
