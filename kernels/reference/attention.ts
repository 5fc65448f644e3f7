// The reference of the KV cache and of attention over it. The contract is ../abi.ts, the order of the sums is
// assembly/attention.ts's, the bytes of a page are assembly/kv.ts's.
// Owns: the float mode, which keeps keys and values exact in a Map beside the memory, by the address of their head.
// Must not know: rotation, layers, who owns a page.

import { type Kernels, PAGE, pageBytes } from "../abi.ts";
import { exp } from "./exp.ts";
import { laneSum, larger } from "./lanes.ts";

const f = Math.fround;

export interface AttentionOptions {
  /** "bf16" as the kernels (default), or "float": exact. Pages then must not be copied inside the memory. */
  readonly kv?: "bf16" | "float";
}

export function createAttentionKernels(
  memory: WebAssembly.Memory,
  options: AttentionOptions = {},
): Pick<Kernels, "kv_store" | "attention"> {
  const floats = (offset: number, n: number) => new Float32Array(memory.buffer, offset, n);
  const cache = options.kv === "float" ? exactCache() : bf16Cache(memory);

  /** Where a head's keys begin in the page of a position; its values lie half a page further. */
  function headAt(kv: number, stride: number, pages: number, position: number, head: number, Dh: number): number {
    const page = new Uint32Array(memory.buffer, pages + Math.floor(position / PAGE) * 4, 1)[0]!;
    return kv + page * stride + head * PAGE * Dh * 2;
  }

  return {
    kv_store(kv, stride, pages, position, k, v, T, KV, Dh) {
      for (let t = 0; t < T; t++) {
        const slot = (position + t) % PAGE;
        for (let head = 0; head < KV; head++) {
          const key = floats(k + (t * KV + head) * Dh * 4, Dh);
          const value = floats(v + (t * KV + head) * Dh * 4, Dh);
          const keys = headAt(kv, stride, pages, position + t, head, Dh);
          const values = keys + pageBytes(KV, Dh) / 2;
          for (let d = 0; d < Dh; d++) {
            cache.write(keys, PAGE * Dh, keyIndex(slot, d, Dh), key[d]!);
            cache.write(values, PAGE * Dh, valueIndex(slot, d), value[d]!);
          }
        }
      }
    },

    attention(out, q, kv, stride, pages, position, T, H, KV, Dh) {
      const scale = f(1 / f(Math.sqrt(Dh)));
      for (let t = 0; t < T; t++) {
        for (let h = 0; h < H; h++) {
          const query = floats(q + (t * H + h) * Dh * 4, Dh);
          const to = floats(out + (t * H + h) * Dh * 4, Dh).fill(0);
          let max = -Infinity;
          let sum = 0;
          for (let start = 0; start <= position + t; start += PAGE) {
            const visible = Math.min(PAGE, position + t + 1 - start);
            const head = headAt(kv, stride, pages, start, Math.floor(h / (H / KV)), Dh);
            const keys = cache.read(head, PAGE * Dh);
            const values = cache.read(head + pageBytes(KV, Dh) / 2, PAGE * Dh);

            const scores = new Float32Array(visible);
            for (let i = 0; i < visible; i++) {
              let dot = 0;
              for (let d = 0; d < Dh; d++) dot = f(dot + f(query[d]! * keys[keyIndex(i, d, Dh)]!));
              scores[i] = dot * scale;
            }

            const before = max;
            max = scores.reduce((a, b) => larger(a, b), max);
            const shrink = exp(f(before - max)); // of what was summed under the smaller maximum
            const p = scores.map((score) => exp(f(score - max)));
            sum = f(f(sum * shrink) + laneSum(visible, (i) => p[i]!));

            for (let d = 0; d < Dh; d++) {
              let mixed = 0;
              for (let i = 0; i < visible; i++) mixed = f(mixed + f(p[i]! * values[valueIndex(i, d)]!));
              to[d] = f(to[d]! * shrink) + mixed;
            }
          }
          for (let d = 0; d < Dh; d++) to[d]! /= sum;
        }
      }
    },
  };
}

/** Where dimension d of a slot's key lies in its head: panels of 16 positions, each (Dh, 16). */
function keyIndex(slot: number, d: number, Dh: number): number {
  return (Math.floor(slot / 16) * Dh + d) * 16 + laneIndex(slot % 16);
}

/** Where dimension d of a slot's value lies in its head: panels of 16 dimensions, each (32, 16). */
function valueIndex(slot: number, d: number): number {
  return (Math.floor(d / 16) * PAGE + slot) * 16 + laneIndex(d % 16);
}

/** In eight lanes, lane i and i + 4 are neighbours. */
function laneIndex(lane: number): number {
  return (lane & 8) + (lane & 3) * 2 + ((lane >> 2) & 1);
}

/** Heads by their address: `count` numbers in the order of their bytes. */
interface Cache {
  read(address: number, count: number): Float32Array;
  write(address: number, count: number, index: number, value: number): void;
}

function bf16Cache(memory: WebAssembly.Memory): Cache {
  const float = new Float32Array(1);
  const bits = new Uint32Array(float.buffer);
  return {
    read(address, count) {
      const head = new Uint16Array(memory.buffer, address, count);
      const words = new Uint32Array(count);
      for (let i = 0; i < count; i++) words[i] = head[i]! << 16;
      return new Float32Array(words.buffer);
    },
    write(address, count, index, value) {
      float[0] = value;
      const upper = bits[0]! >>> 16;
      // To the nearest, ties to even: add half a unit, less one where the kept last bit is even. A NaN stays one.
      const rounded = Number.isNaN(value) ? upper | 0x40 : (bits[0]! + 0x7fff + (upper & 1)) >>> 16;
      new Uint16Array(memory.buffer, address, count)[index] = rounded;
    },
  };
}

function exactCache(): Cache {
  const heads = new Map<number, Float32Array>();
  function read(address: number, count: number): Float32Array {
    const head = heads.get(address) ?? new Float32Array(count);
    heads.set(address, head);
    return head;
  }
  return {
    read,
    write(address, count, index, value) {
      read(address, count)[index] = value;
    },
  };
}
