// The specification of the kernels in plain TypeScript: what ../build/kernels-*.wasm computes, bit for bit.
// Owns: joining the parts of reference/ into one `Kernels`. Takes a memory, which both kinds may share.
// Must not know: SIMD, speed. The float modes are for measuring what quantization costs, not for serving.

import type { Kernels } from "./abi.ts";
import { createAttentionKernels } from "./reference/attention.ts";
import { createCandidateKernels } from "./reference/candidates.ts";
import { createMatrixKernels } from "./reference/matmul.ts";
import { createRopeKernels } from "./reference/rope.ts";
import { createVectorKernels } from "./reference/vectors.ts";

/** What the reference computes with instead of what the fast kernels do. */
export interface ReferenceOptions {
  /** "int8" as the kernels (default), or "float": exact activations, accumulated in double precision. */
  readonly activations?: "int8" | "float";
  /** What kv_store_bf16 keeps: "bf16" as the kernels (default), or "float": exact, beside the memory. */
  readonly kv?: "bf16" | "float";
  /** Tokens in a tile of quantized activations (default 6); any number gives the same results. */
  readonly tile?: number;
}

/** The kernels over `memory`, in plain TypeScript. */
export function createReference(memory: WebAssembly.Memory, options: ReferenceOptions = {}): Kernels {
  return {
    ...createMatrixKernels(memory, options),
    ...createVectorKernels(memory),
    ...createRopeKernels(memory),
    ...createAttentionKernels(memory, options),
    ...createCandidateKernels(memory),
  };
}
