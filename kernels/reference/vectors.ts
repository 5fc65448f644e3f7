// The reference of the kernels on whole vectors: rms_norm, add, subtract_row, swiglu. The contract is ../abi.ts.
// Every operation is rounded to f32 (Math.fround, or a Float32Array that takes the result).
// Must not know: layers, formats of weights.

import type { Kernels } from "../abi.ts";
import { exp } from "./exp.ts";
import { laneSum } from "./lanes.ts";

const f = Math.fround;

export function createVectorKernels(
  memory: WebAssembly.Memory,
): Pick<Kernels, "rms_norm" | "add" | "subtract_row" | "swiglu"> {
  const floats = (offset: number, n: number) => new Float32Array(memory.buffer, offset, n);

  return {
    rms_norm(out, x, weight, T, D, eps) {
      const w = floats(weight, D);
      for (let t = 0; t < T; t++) {
        const row = floats(x + t * D * 4, D);
        const to = floats(out + t * D * 4, D);
        const squares = laneSum(D, (k) => f(row[k]! * row[k]!));
        const scale = f(1 / f(Math.sqrt(f(f(squares / D) + f(eps)))));
        for (let k = 0; k < D; k++) to[k] = f(row[k]! * scale) * w[k]!;
      }
    },

    add(x, y, n) {
      const to = floats(x, n);
      const from = floats(y, n);
      for (let i = 0; i < n; i++) to[i]! += from[i]!;
    },

    subtract_row(x, row, T, n) {
      const from = floats(row, n);
      for (let t = 0; t < T; t++) {
        const to = floats(x + t * n * 4, n);
        for (let i = 0; i < n; i++) to[i]! -= from[i]!;
      }
    },

    swiglu(out, gate, up, n) {
      const g = floats(gate, n);
      const u = floats(up, n);
      const to = floats(out, n);
      for (let i = 0; i < n; i++) to[i] = f(g[i]! / f(1 + exp(-g[i]!))) * u[i]!;
    },
  };
}
