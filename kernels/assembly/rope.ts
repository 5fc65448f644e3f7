// Rotary position embedding: frequencies once a model, angles once a step, then the rotation of q and k in place.
// pow, sin and cos are AssemblyScript's, in double precision, rounded once to single: the same bits on every engine.
// Must not know: the cache, attention.

export function rope_frequencies(out: usize, Dh: u32, theta: f64): void {
  const half = Dh / 2;
  for (let j: u32 = 0; j < half; j++) {
    store<f32>(out + <usize>j * 4, <f32>Math.pow(theta, (-2.0 * <f64>j) / <f64>Dh));
  }
}

/** The angle is rounded to f32 first, as PyTorch does; its cosine and sine are taken in double. */
export function rope_angles(out: usize, frequencies: usize, positions: usize, T: u32, Dh: u32): void {
  const half = Dh / 2;
  for (let t: u32 = 0; t < T; t++) {
    const position = <f32>load<u32>(positions + <usize>t * 4);
    const row = out + <usize>t * Dh * 4;
    for (let j: u32 = 0; j < half; j++) {
      const angle = <f64>(position * load<f32>(frequencies + <usize>j * 4));
      store<f32>(row + <usize>j * 4, <f32>Math.cos(angle));
      store<f32>(row + <usize>(half + j) * 4, <f32>Math.sin(angle));
    }
  }
}

/** (a, b) = (x[j], x[j + Dh/2]) becomes (a cos - b sin, b cos + a sin). Dh is a multiple of 8. */
export function rope(x: usize, angles: usize, T: u32, heads: u32, Dh: u32): void {
  const half: usize = <usize>Dh * 2; // bytes of Dh/2 values
  for (let t: u32 = 0; t < T; t++) {
    for (let h: u32 = 0; h < heads; h++) {
      for (let j: usize = 0; j < half; j += 16) {
        const a = v128.load(x + j);
        const b = v128.load(x + half + j);
        const cos = v128.load(angles + j);
        const sin = v128.load(angles + half + j);
        v128.store(x + j, f32x4.sub(f32x4.mul(a, cos), f32x4.mul(b, sin)));
        v128.store(x + half + j, f32x4.add(f32x4.mul(b, cos), f32x4.mul(a, sin)));
      }
      x += half * 2;
    }
    angles += half * 2;
  }
}
