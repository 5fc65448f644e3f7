// Rotary position embedding: frequencies once a model (plain, or stretched by YaRN), angles once a step, then the rotation
// of q and k. pow, log, sin and cos are AssemblyScript's, in double precision, rounded once to single: the same bits on
// every engine. Must not know: the cache, attention.

export function rope_frequencies(out: usize, Dh: u32, theta: f64): void {
  const half = Dh / 2;
  for (let j: u32 = 0; j < half; j++) store<f32>(out + <usize>j * 4, <f32>frequency(j, Dh, theta));
  store<f32>(out + <usize>half * 4, 1);
}

/** A dimension that turns often within the trained length keeps its frequency, one that turns seldom is slowed down. */
export function rope_frequencies_yarn(
  out: usize, Dh: u32, theta: f64, factor: f64, original: f64, beta_fast: f64, beta_slow: f64, attention_factor: f64,
): void {
  const half = Dh / 2;
  const low = max<f64>(Math.floor(dimensionOf(beta_fast, Dh, theta, original)), 0);
  let high = min<f64>(Math.ceil(dimensionOf(beta_slow, Dh, theta, original)), <f64>Dh - 1);
  if (high == low) high += 0.001;
  for (let j: u32 = 0; j < half; j++) {
    const ramp = min<f64>(max<f64>((<f64>j - low) / (high - low), 0), 1);
    const own = frequency(j, Dh, theta);
    store<f32>(out + <usize>j * 4, <f32>(own * (1 - ramp) + (own / factor) * ramp));
  }
  store<f32>(out + <usize>half * 4, <f32>(attention_factor > 0 ? attention_factor : 0.1 * Math.log(factor) + 1));
}

@inline
function frequency(j: u32, Dh: u32, theta: f64): f64 {
  return Math.pow(theta, (-2.0 * <f64>j) / <f64>Dh);
}

/** The dimension, a fraction, that turns so many times in `original` positions. */
@inline
function dimensionOf(turns: f64, Dh: u32, theta: f64, original: f64): f64 {
  return (<f64>Dh * Math.log(original / (2 * Math.PI * turns))) / (2 * Math.log(theta));
}

/** The angle is rounded to f32 first, as PyTorch does; its cosine and sine are taken in double. */
export function rope_angles(out: usize, frequencies: usize, positions: usize, T: u32, Dh: u32): void {
  const half = Dh / 2;
  const factor = load<f32>(frequencies + <usize>half * 4);
  for (let t: u32 = 0; t < T; t++) {
    const position = <f32>load<u32>(positions + <usize>t * 4);
    const row = out + <usize>t * Dh * 4;
    for (let j: u32 = 0; j < half; j++) {
      const angle = <f64>(position * load<f32>(frequencies + <usize>j * 4));
      store<f32>(row + <usize>j * 4, <f32>Math.cos(angle) * factor);
      store<f32>(row + <usize>(half + j) * 4, <f32>Math.sin(angle) * factor);
    }
  }
}

export function rope_scale(angles: usize, positions: usize, T: u32, Dh: u32, original: f64): void {
  for (let t: u32 = 0; t < T; t++) {
    const length = <f64>load<u32>(positions + <usize>t * 4) + 1;
    const factor = f32x4.splat(<f32>max<f64>(0.1 * Math.log(length / original) + 1, 1));
    for (const end = angles + <usize>Dh * 4; angles < end; angles += 16) {
      v128.store(angles, f32x4.mul(v128.load(angles), factor));
    }
  }
}

/** (a, b) = (x[j], x[j + Dh/2]) becomes (a cos - b sin, b cos + a sin). Dh is a multiple of 8. */
export function rope(out: usize, x: usize, angles: usize, T: u32, heads: u32, Dh: u32): void {
  const half: usize = <usize>Dh * 2; // bytes of Dh/2 values
  for (let t: u32 = 0; t < T; t++) {
    for (let h: u32 = 0; h < heads; h++) {
      for (let j: usize = 0; j < half; j += 16) {
        const a = v128.load(x + j);
        const b = v128.load(x + half + j);
        const cos = v128.load(angles + j);
        const sin = v128.load(angles + half + j);
        v128.store(out + j, f32x4.sub(f32x4.mul(a, cos), f32x4.mul(b, sin)));
        v128.store(out + half + j, f32x4.add(f32x4.mul(b, cos), f32x4.mul(a, sin)));
      }
      x += half * 2;
      out += half * 2;
    }
    angles += half * 2;
  }
}
