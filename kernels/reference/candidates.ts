// The reference of what a sampler needs of logits: adjust, tile_sums, top_k. The contract is ../abi.ts.
// Must not know: tokens' meaning, sampling.

import { ADJUST_BYTES, type Kernels } from "../abi.ts";
import { exp } from "./exp.ts";
import { laneSum, larger } from "./lanes.ts";

const f = Math.fround;

export function createCandidateKernels(memory: WebAssembly.Memory): Pick<Kernels, "adjust" | "tile_sums" | "top_k"> {
  const floats = (offset: number, n: number) => new Float32Array(memory.buffer, offset, n);

  return {
    adjust(logits, n, first, entries, count) {
      const values = floats(logits, n);
      for (let i = 0; i < count; i++) {
        const entry = new DataView(memory.buffer, entries + i * ADJUST_BYTES, ADJUST_BYTES);
        const field = (at: number) => entry.getFloat32(at, true);
        const [bias, repetition, subtract] = [field(4), field(8), field(12)];
        const index = entry.getUint32(0, true) - first;
        if (index < 0 || index >= n) continue;
        const raw = values[index]!;
        entry.setFloat32(16, raw, true);
        const x = f(raw + bias);
        values[index] = f(x > 0 ? x / repetition : x * repetition) - subtract;
      }
    },

    tile_sums(out, logits, n, tile, scale) {
      for (let start = 0; start < n; start += tile) {
        const x = floats(logits + start * 4, Math.min(tile, n - start));
        const max = x.reduce((a, b) => larger(a, b), -Infinity);
        const sum = max === -Infinity ? 0 : laneSum(x.length, (i) => exp(f(f(x[i]! - max) * f(scale))));
        floats(out + (start / tile) * 8, 2).set([max, sum]);
      }
    },

    top_k(out, logits, n, first, k) {
      const values = floats(logits, n);
      const chosen = [...values.keys()]
        .filter((i) => values[i]! > -Infinity)
        .sort((a, b) => values[b]! - values[a]! || a - b) // equal infinities differ by NaN, which is falsy too
        .slice(0, k);
      chosen.forEach((index, i) => {
        new Uint32Array(memory.buffer, out + i * 8, 1)[0] = first + index;
        floats(out + i * 8 + 4, 1)[0] = values[index]!;
      });
      return chosen.length;
    },
  };
}
