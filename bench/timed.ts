// Where a step's time goes: the kernels with a clock around each call.
// Takes kernels and the names of the weights; gives kernels that add up milliseconds, by tensor for products and by
// kernel for the rest, while they are asked to. Needs a clock that runs while code runs: none does when deployed.

import { KERNEL_BYTES, type Kernels } from "../kernels/abi.ts";
import type { StageManifest } from "../src/model/manifest.ts";

export class TimedKernels {
  readonly kernels: Kernels;
  /** Milliseconds by name since the last start. */
  readonly #spent = new Map<string, number>();
  #isOn = false;

  constructor(kernels: Kernels, stage: StageManifest) {
    const names = new Map<number, string>();
    // A stage's first region is its weights, behind the kernels' own bytes (src/engine/arena.ts).
    for (const [name, { offset }] of Object.entries(stage.tensors)) names.set(KERNEL_BYTES + offset, short(name));
    const timed = Object.entries(kernels).map(([name, kernel]) => {
      const isProduct = name.startsWith("matmul_");
      const call = (...args: number[]): number => {
        if (!this.#isOn) return kernel(...args);
        const started = performance.now();
        const result = kernel(...args);
        const what = (isProduct && names.get(args[2]!)) || name;
        this.#spent.set(what, (this.#spent.get(what) ?? 0) + performance.now() - started);
        return result;
      };
      return [name, call];
    });
    this.kernels = Object.fromEntries(timed) as unknown as Kernels;
  }

  start(): void {
    this.#spent.clear();
    this.#isOn = true;
  }

  /** Milliseconds by name since start. */
  stop(): ReadonlyMap<string, number> {
    this.#isOn = false;
    return this.#spent;
  }
}

/** model.layers.3.mlp.up_proj.weight -> up_proj; the table -> head. */
function short(tensor: string): string {
  return tensor.includes("layers.") ? tensor.split(".").at(-2)! : "head";
}
