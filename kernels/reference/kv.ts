// The reference of the KV cache's pages: the bytes of assembly/kv.ts and kv-q8.ts, one head of one position at a time.
// Owns: where a number lies and how it is rounded; the float mode keeps bf16's numbers exact in a Map beside the memory, by
// the address of their head. Takes addresses of heads. Must not know: scores, page tables.

import { PAGE } from "../abi.ts";
import { INT8, toIntegers } from "./integers.ts";

/** What a head holds: its Dh numbers of a slot are numbers[index(slot, d)] * scales[slot]. */
export interface Head {
  readonly numbers: Float32Array;
  readonly scales: Float32Array;
}

export type Which = "key" | "value";

/** Heads of one kind of page. */
export interface PageFormat {
  /** Whether what meets the numbers becomes integers as well. */
  readonly isInteger: boolean;
  /** Bytes of one head's keys, or values. */
  headBytes(Dh: number): number;
  index(which: Which, slot: number, d: number, Dh: number): number;
  read(address: number, Dh: number): Head;
  write(which: Which, address: number, slot: number, row: Float32Array): void;
}

const ONES = new Float32Array(PAGE).fill(1);

/** Keys: panels of 16 positions, each (Dh, 16). Values: panels of 16 dimensions, each (32, 16). Lane i and i + 4 are neighbours. */
function bf16Index(which: Which, slot: number, d: number, Dh: number): number {
  const lane = which === "key" ? slot & 15 : d & 15;
  const step = which === "key" ? (slot >> 4) * Dh + d : (d >> 4) * PAGE + slot;
  return step * 16 + (lane & 8) + (lane & 3) * 2 + ((lane >> 2) & 1);
}

/** Keys: octets of positions, each (Dh / 2, 8, 2). Values: octets of dimensions, each (8, 8, 4). */
function q8Index(which: Which, slot: number, d: number, Dh: number): number {
  if (which === "key") return (slot >> 3) * Dh * 8 + (d >> 1) * 16 + (slot & 7) * 2 + (d & 1);
  return (d >> 3) * PAGE * 8 + (slot >> 2) * 32 + (d & 7) * 4 + (slot & 3);
}

export function bf16Pages(memory: WebAssembly.Memory): PageFormat {
  const float = new Float32Array(1);
  const bits = new Uint32Array(float.buffer);
  return {
    isInteger: false,
    headBytes: (Dh) => PAGE * Dh * 2,
    index: bf16Index,
    read(address, Dh) {
      const head = new Uint16Array(memory.buffer, address, PAGE * Dh);
      const words = new Uint32Array(head.length);
      for (let i = 0; i < head.length; i++) words[i] = head[i]! << 16;
      return { numbers: new Float32Array(words.buffer), scales: ONES };
    },
    write(which, address, slot, row) {
      const head = new Uint16Array(memory.buffer, address, PAGE * row.length);
      for (const [d, value] of row.entries()) {
        float[0] = value;
        const upper = bits[0]! >>> 16;
        // To the nearest, ties to even: add half a unit, less one where the kept last bit is even. A NaN stays one.
        const rounded = Number.isNaN(value) ? upper | 0x40 : (bits[0]! + 0x7fff + (upper & 1)) >>> 16;
        head[bf16Index(which, slot, d, row.length)] = rounded;
      }
    },
  };
}

/** bf16's pages without rounding. They must not be copied inside the memory. */
export function exactPages(): PageFormat {
  const heads = new Map<number, Float32Array>();
  const head = (address: number, Dh: number) => {
    const found = heads.get(address) ?? new Float32Array(PAGE * Dh);
    heads.set(address, found);
    return found;
  };
  return {
    isInteger: false,
    headBytes: (Dh) => PAGE * Dh * 2,
    index: bf16Index,
    read: (address, Dh) => ({ numbers: head(address, Dh), scales: ONES }),
    write(which, address, slot, row) {
      const to = head(address, row.length);
      for (const [d, value] of row.entries()) to[bf16Index(which, slot, d, row.length)] = value;
    },
  };
}

/** int8, then a scale for each position. */
export function q8Pages(memory: WebAssembly.Memory): PageFormat {
  return {
    isInteger: true,
    headBytes: (Dh) => PAGE * (Dh + 4),
    index: q8Index,
    read: (address, Dh) => ({
      numbers: new Float32Array(new Int8Array(memory.buffer, address, PAGE * Dh)),
      scales: new Float32Array(memory.buffer, address + PAGE * Dh, PAGE),
    }),
    write(which, address, slot, row) {
      const Dh = row.length;
      const { integers, scale } = toIntegers(row, INT8);
      const head = new Int8Array(memory.buffer, address, PAGE * Dh);
      for (const [d, integer] of integers.entries()) head[q8Index(which, slot, d, Dh)] = integer;
      new Float32Array(memory.buffer, address + PAGE * Dh, PAGE)[slot] = scale;
    },
  };
}
