// The numbers of ../abi.ts and docs/format.md that assembly code needs; test/kernels/build.test.ts holds them equal.
// Must not know: operations.

/** Values along K that share one scale. */
export const BLOCK: i32 = 32;
/** Rows whose weights are interleaved. */
export const ROW_GROUP: i32 = 4;
/** Bytes of a v128. */
export const VECTOR: i32 = 16;
/** Bytes of 4 rows x 32 columns of nibbles. */
export const PLANE_BYTES: i32 = 64;
/** Bytes of the scales at the end of a block: 4 bf16. */
export const SCALES_BYTES: i32 = 8;
/** Bytes of 32 quantized activations of one token. */
export const ACTIVATION_BLOCK_BYTES: i32 = 40;
/** Tokens in a tile: with two planes of weights their sums fill the registers that the dot leaves (../README.md). */
export const TILE: i32 = DOT == 32 ? 6 : 4;
