// The reference of rotary position embedding. The contract is ../abi.ts.
// pow, log, cos and sin are the engine's here, so all but rope agree with the kernels within 1 ulp; rope agrees in bits.
// Must not know: the cache, attention.

import type { Kernels } from "../abi.ts";

const f = Math.fround;

type Rope = "rope_frequencies" | "rope_frequencies_yarn" | "rope_angles" | "rope_scale" | "rope";

export function createRopeKernels(memory: WebAssembly.Memory): Pick<Kernels, Rope> {
  const floats = (offset: number, n: number) => new Float32Array(memory.buffer, offset, n);
  const frequency = (j: number, Dh: number, theta: number) => theta ** ((-2 * j) / Dh);

  return {
    rope_frequencies(out, Dh, theta) {
      const to = floats(out, Dh / 2 + 1);
      for (let j = 0; j < Dh / 2; j++) to[j] = frequency(j, Dh, theta);
      to[Dh / 2] = 1;
    },

    rope_frequencies_yarn(out, Dh, theta, factor, original, beta_fast, beta_slow, attention_factor) {
      const to = floats(out, Dh / 2 + 1);
      const dimension = (turns: number) => (Dh * Math.log(original / (2 * Math.PI * turns))) / (2 * Math.log(theta));
      const low = Math.max(Math.floor(dimension(beta_fast)), 0);
      const end = Math.min(Math.ceil(dimension(beta_slow)), Dh - 1);
      const high = end === low ? end + 0.001 : end;
      for (let j = 0; j < Dh / 2; j++) {
        const ramp = Math.min(Math.max((j - low) / (high - low), 0), 1);
        const own = frequency(j, Dh, theta);
        to[j] = own * (1 - ramp) + (own / factor) * ramp;
      }
      to[Dh / 2] = attention_factor > 0 ? attention_factor : 0.1 * Math.log(factor) + 1;
    },

    rope_angles(out, frequencies, positions, T, Dh) {
      const frequency = floats(frequencies, Dh / 2 + 1);
      const position = new Uint32Array(memory.buffer, positions, T);
      const factor = frequency[Dh / 2]!;
      for (let t = 0; t < T; t++) {
        const row = floats(out + t * Dh * 4, Dh); // Dh/2 cosines, Dh/2 sines
        for (let j = 0; j < Dh / 2; j++) {
          const angle = f(f(position[t]!) * frequency[j]!);
          row[j] = f(Math.cos(angle)) * factor;
          row[Dh / 2 + j] = f(Math.sin(angle)) * factor;
        }
      }
    },

    rope_scale(angles, positions, T, Dh, original) {
      const position = new Uint32Array(memory.buffer, positions, T);
      for (let t = 0; t < T; t++) {
        const row = floats(angles + t * Dh * 4, Dh);
        const factor = f(Math.max(0.1 * Math.log((position[t]! + 1) / original) + 1, 1));
        for (let j = 0; j < Dh; j++) row[j]! *= factor;
      }
    },

    rope(out, x, angles, T, heads, Dh) {
      const half = Dh / 2;
      for (let t = 0; t < T; t++) {
        const row = floats(angles + t * Dh * 4, Dh);
        for (let h = 0; h < heads; h++) {
          const head = floats(x + (t * heads + h) * Dh * 4, Dh);
          const to = floats(out + (t * heads + h) * Dh * 4, Dh);
          for (let j = 0; j < half; j++) {
            const [a, b, cos, sin] = [head[j]!, head[half + j]!, row[j]!, row[half + j]!];
            to[j] = f(a * cos) - f(b * sin);
            to[half + j] = f(b * cos) + f(a * sin);
          }
        }
      }
    },
  };
}
