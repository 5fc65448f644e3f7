// The reference of rotary position embedding. The contract is ../abi.ts.
// pow, cos and sin are the engine's here, so the first two agree with the kernels within 1 ulp; rope agrees in bits.
// Must not know: the cache, attention.

import type { Kernels } from "../abi.ts";

const f = Math.fround;

export function createRopeKernels(
  memory: WebAssembly.Memory,
): Pick<Kernels, "rope_frequencies" | "rope_angles" | "rope"> {
  const floats = (offset: number, n: number) => new Float32Array(memory.buffer, offset, n);

  return {
    rope_frequencies(out, Dh, theta) {
      const to = floats(out, Dh / 2);
      for (let j = 0; j < Dh / 2; j++) to[j] = theta ** ((-2 * j) / Dh);
    },

    rope_angles(out, frequencies, positions, T, Dh) {
      const frequency = floats(frequencies, Dh / 2);
      const position = new Uint32Array(memory.buffer, positions, T);
      for (let t = 0; t < T; t++) {
        const row = floats(out + t * Dh * 4, Dh); // Dh/2 cosines, Dh/2 sines
        for (let j = 0; j < Dh / 2; j++) {
          const angle = f(f(position[t]!) * frequency[j]!);
          row[j] = Math.cos(angle);
          row[Dh / 2 + j] = Math.sin(angle);
        }
      }
    },

    rope(x, angles, T, heads, Dh) {
      const half = Dh / 2;
      for (let t = 0; t < T; t++) {
        const row = floats(angles + t * Dh * 4, Dh);
        for (let h = 0; h < heads; h++) {
          const head = floats(x + (t * heads + h) * Dh * 4, Dh);
          for (let j = 0; j < half; j++) {
            const [a, b, cos, sin] = [head[j]!, head[half + j]!, row[j]!, row[half + j]!];
            head[j] = f(a * cos) - f(b * sin);
            head[half + j] = f(b * cos) + f(a * sin);
          }
        }
      }
    },
  };
}
