// The exports of the kernel module, one line a file; the contract is ../abi.ts.

export { probe } from "./probe";
export { quantize, tile } from "./quantize";

export { matmul_FORMAT } from "./matmul";

export { embed_FORMAT } from "./embed";

export { rms_norm } from "./norm";
export { add, subtract_row, swiglu } from "./elementwise";
export { rope_frequencies, rope_frequencies_yarn, rope_angles, rope_scale, rope } from "./rope";
export { kv_store_bf16 } from "./kv";
export { kv_store_q8 } from "./kv-q8";
export { attention_bf16, attention_q8 } from "./attention";
export { adjust, tile_sums, top_k } from "./candidates";

// Not for callers. What has one caller and no export is inlined there: V8 then never runs its optimized code within a
// long call, and the optimizer, started again, nests its dots (README.md).
export * from "../../build/generated/tiles";
