// The exports of the kernel module, one line a file; the contract is ../abi.ts.

export { probe } from "./probe";
export { quantize, tile } from "./quantize";
export { matmul_q4, matmul_q8 } from "./matmul";
export { embed_q4, embed_q8 } from "./embed";
export { rms_norm } from "./norm";
export { add, swiglu } from "./elementwise";
export { rope_frequencies, rope_angles, rope } from "./rope";
export { kv_store } from "./kv";
export { attention } from "./attention";
export { adjust, tile_sums, top_k } from "./candidates";

// Not for callers. What has one caller and no export is inlined there: V8 then never runs its optimized code within a
// long call, and the optimizer, started again, nests its dots (README.md).
export * from "../../build/generated/tiles";
