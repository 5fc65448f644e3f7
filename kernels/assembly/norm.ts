// RMSNorm. Takes x (T, D) and weight (D), gives out (T, D); D is a multiple of 4.
// The sum of squares runs in four lanes, k mod 4, folded (0+2)+(1+3); then one root and one division a row.
// Must not know: what follows (quantize reads its output).

import { fold } from "./lanes";

export function rms_norm(out: usize, x: usize, weight: usize, T: u32, D: u32, eps: f32): void {
  const rowBytes: usize = <usize>D * 4;
  for (let t: u32 = 0; t < T; t++) {
    let squares = f32x4.splat(0);
    for (let k: usize = 0; k < rowBytes; k += 16) {
      const v = v128.load(x + k);
      squares = f32x4.add(squares, f32x4.mul(v, v));
    }
    const scale = f32x4.splat(1 / sqrt<f32>(fold(squares) / <f32>D + eps));
    for (let k: usize = 0; k < rowBytes; k += 16) {
      v128.store(out + k, f32x4.mul(f32x4.mul(v128.load(x + k), scale), v128.load(weight + k)));
    }
    x += rowBytes;
    out += rowBytes;
  }
}
