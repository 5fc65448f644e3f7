// A page table and a KV cache in the memories of a pair, for the tests of what stores there and of what reads it.

import { type KvFormat, PAGE, pageBytes } from "../../kernels/abi.ts";
import type { Pair } from "./pair.ts";

/** Where the page table and the cache lie. */
export const [PAGES, KV_CACHE] = [0x2_0000, 0x80_0000];

/** A page table in no order, and a cache full of NaN: only what is stored and visible may count. Gives a page's stride. */
export function beginKv(
  { write, memories }: Pair,
  positions: number,
  [, KV, Dh]: readonly [H: number, KV: number, Dh: number],
  format: KvFormat,
): number {
  const count = Math.ceil(positions / PAGE);
  const stride = pageBytes(format, KV, Dh) + 64;
  write(
    PAGES,
    Uint32Array.from({ length: count }, (_, i) => (i * 5 + 2) % Math.max(count, 7)),
  );
  for (const memory of memories) new Uint8Array(memory.buffer).fill(0xff, KV_CACHE);
  return stride;
}
