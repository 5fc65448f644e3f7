// Loads the kernels: chooses the variant that is fast on this machine and instantiates it over a memory.
// Takes compiled modules (never bytes: workerd compiles none), gives the `Kernels` of kernels/abi.ts. All variants give
// the same bits. Must not know: where modules come from, what is computed with them.

import type { Kernels, ScalarMath } from "../../kernels/abi.ts";

/** How the integer dot is computed: relaxed with i32 sums, relaxed with i16 sums, or without relaxed SIMD. */
export type Variant = "i32" | "i16" | "plain";

/** The compiled modules. An engine without relaxed SIMD cannot compile i32 and i16 and leaves them out. */
export interface KernelModules {
  readonly i32?: WebAssembly.Module;
  readonly i16?: WebAssembly.Module;
  readonly plain: WebAssembly.Module;
  readonly math: WebAssembly.Module;
}

type ProbedKernels = Kernels & {
  /** dot(-128 x16, -1 x16) + 1, or 0 in the plain variant. */
  probe(): number;
};

/**
 * The kernels over `memory`, whose first KERNEL_BYTES they take. The variant is the fast one of this machine unless
 * named. Throws RangeError if the named variant has no module.
 */
export async function loadKernels(
  modules: KernelModules,
  memory: WebAssembly.Memory,
  variant?: Variant,
): Promise<{ kernels: Kernels; variant: Variant }> {
  const chosen = variant ?? (await fastVariant(modules));
  const module = modules[chosen];
  if (!module) throw new RangeError(`No kernel module for the ${chosen} variant: this engine may lack relaxed SIMD`);
  return { kernels: await instantiate(module, memory), variant: chosen };
}

/** exp and log. */
export async function loadMath(module: WebAssembly.Module): Promise<ScalarMath> {
  return (await WebAssembly.instantiate(module, {})).exports as unknown as ScalarMath;
}

/**
 * No clock is needed (deployed ones stand still): the value of a dot whose second operand has bit 7 set shows the
 * instruction behind it. 513: signed (arm64, AVX-VNNI-INT8); -130,559: unsigned without saturation (AVX-VNNI). Both
 * are one instruction. -65,535: five instructions around a saturating one, and i16 sums need two.
 */
async function fastVariant(modules: KernelModules): Promise<Variant> {
  if (!modules.i32) return "plain";
  const probed = (await instantiate(modules.i32, new WebAssembly.Memory({ initial: 2 }))).probe();
  if (probed === 513 || probed === -130_559) return "i32";
  return probed === -65_535 && modules.i16 ? "i16" : "plain";
}

async function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<ProbedKernels> {
  return (await WebAssembly.instantiate(module, { env: { memory } })).exports as unknown as ProbedKernels;
}
