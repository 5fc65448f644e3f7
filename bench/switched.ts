// The kernels that a measured stage calls, which can be exchanged while it lives: the real ones, ones with a clock around
// each call, or ones that fill the KV cache with seeded values and compute nothing else.
// Takes real kernels, their memory and where the weights lie. Real ones cost no more for it: they are the same functions.
// Must not know: the chain, what is measured.

import { KERNEL_BYTES, type Kernels } from "../kernels/abi.ts";
import type { StageManifest } from "../src/model/manifest.ts";

type Kernel = (...args: number[]) => number;

/** What still happens while the KV cache is filled: keys and values are stored, and the head answers something. */
const KEPT = /^(kv_|rope|tile|adjust|top_k|probe)/;
/** Seeded values that a fill draws from, from another place at every call. */
const POOL = 2 ** 18;
const STRIDE = 7_919;

export class SwitchedKernels {
  /** What the stage is given. */
  readonly kernels: Kernels;
  readonly #real: Kernels;
  readonly #filling: Kernels;
  readonly #timed: Kernels;
  /** Milliseconds by name since `time`. */
  readonly #spent = new Map<string, number>();

  constructor(real: Kernels, memory: WebAssembly.Memory, stage: StageManifest) {
    // A stage's first region is its weights, behind the kernels' own bytes (src/engine/arena.ts).
    const names = new Map<number, string>();
    for (const [name, { offset }] of Object.entries(stage.tensors)) names.set(KERNEL_BYTES + offset, short(name));
    const map = (change: (name: string, kernel: Kernel) => Kernel) =>
      Object.fromEntries(
        Object.entries(real).map(([name, kernel]) => [name, change(name, kernel as Kernel)]),
      ) as unknown as Kernels;
    const nameOf = (kernel: string, args: readonly number[]) =>
      (kernel.startsWith("matmul") && names.get(args[2]!)) || kernel;

    this.#real = real;
    this.kernels = { ...real };
    this.#timed = map((name, kernel) => (...args) => {
      const started = performance.now();
      const result = kernel(...args);
      const what = nameOf(name, args);
      this.#spent.set(what, (this.#spent.get(what) ?? 0) + performance.now() - started);
      return result;
    });
    const pool = seeded(POOL);
    let at = 0;
    this.#filling = map((name, kernel) => {
      if (KEPT.test(name)) return kernel;
      return (...args) => {
        // Products that give q, k and v write seeded values in their place: (T, N) at `out`.
        if (/^[qkv]_proj$/.test(nameOf(name, args))) {
          const [out = 0, , , , T = 0, N = 0] = args;
          const values = new Float32Array(memory.buffer, out, T * N);
          for (let i = 0; i < values.length; i += POOL / 2) {
            at = (at + STRIDE) % (POOL / 2);
            values.set(pool.subarray(at, at + Math.min(POOL / 2, values.length - i)), i);
          }
        }
        return 0;
      };
    });
  }

  /** Does `work` while nothing is computed and the KV cache takes seeded values. */
  async filling(work: () => Promise<unknown>): Promise<void> {
    Object.assign(this.kernels, this.#filling);
    try {
      await work();
    } finally {
      Object.assign(this.kernels, this.#real);
    }
  }

  /** Does `work` by the clock; gives milliseconds by tensor for products and by kernel for the rest. */
  async timing(work: () => Promise<unknown>): Promise<ReadonlyMap<string, number>> {
    this.#spent.clear();
    Object.assign(this.kernels, this.#timed);
    try {
      await work();
    } finally {
      Object.assign(this.kernels, this.#real);
    }
    return this.#spent;
  }
}

/** model.layers.3.mlp.up_proj.weight -> up_proj; the table -> head. */
function short(tensor: string): string {
  return tensor.includes("layers.") ? tensor.split(".").at(-2)! : "head";
}

/** Numbers between -1 and 1, ordinary ones: denormal ones would slow every sum. */
function seeded(count: number): Float32Array {
  const values = new Float32Array(count);
  let state = 1;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    values[i] = state / 2 ** 31 || 0.5;
  }
  return values;
}
