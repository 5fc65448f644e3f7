// The reference of the KV cache and of attention over it. The contract is ../abi.ts, the order of the sums is
// assembly/attention.ts's, the bytes of a page are kv.ts's.
// Must not know: rotation, layers, who owns a page.

import { type Kernels, PAGE } from "../abi.ts";
import { exp } from "./exp.ts";
import { INT8, INT16, toIntegers } from "./integers.ts";
import { bf16Pages, exactPages, type PageFormat, q8Pages, type Which } from "./kv.ts";
import { laneSum, larger } from "./lanes.ts";

const f = Math.fround;

export interface AttentionOptions {
  /** What kv_store_bf16 keeps: "bf16" as the kernels (default), or "float": exact. */
  readonly kv?: "bf16" | "float";
}

type Attention = "kv_store_bf16" | "kv_store_q8" | "attention_bf16" | "attention_q8";

export function createAttentionKernels(
  memory: WebAssembly.Memory,
  options: AttentionOptions = {},
): Pick<Kernels, Attention> {
  const bf16 = kernelsOf(memory, options.kv === "float" ? exactPages() : bf16Pages(memory));
  const q8 = kernelsOf(memory, q8Pages(memory));
  return {
    kv_store_bf16: bf16.store,
    kv_store_q8: q8.store,
    attention_bf16: bf16.attention,
    attention_q8: q8.attention,
  };
}

function kernelsOf(
  memory: WebAssembly.Memory,
  format: PageFormat,
): { store: Kernels["kv_store_bf16"]; attention: Kernels["attention_bf16"] } {
  const floats = (offset: number, n: number) => new Float32Array(memory.buffer, offset, n);

  /** Where the heads of the page of a position begin: keys and values of each head side by side. */
  function headsAt(kv: number, stride: number, pages: number, position: number, Dh: number) {
    const page = new Uint32Array(memory.buffer, pages + Math.floor(position / PAGE) * 4, 1)[0]!;
    return (which: Which, head: number) =>
      kv + page * stride + (2 * head + (which === "key" ? 0 : 1)) * format.headBytes(Dh);
  }

  /** What meets a page's numbers: itself, or integers of at most `largest` with a scale. */
  function operand(
    row: Float32Array,
    largest: typeof INT8 | typeof INT16,
  ): { readonly numbers: ArrayLike<number>; readonly scale: number } {
    if (!format.isInteger) return { numbers: row, scale: 1 };
    const { integers, scale } = toIntegers(row, largest);
    return { numbers: integers, scale };
  }

  /** The sum of n products, in order, each step rounded to f32; of integers exact, and rounded once. */
  function sumOf(n: number, product: (i: number) => number): number {
    let sum = 0;
    for (let i = 0; i < n; i++) sum = format.isInteger ? sum + product(i) : f(sum + f(product(i)));
    return f(sum);
  }

  return {
    store(kv, stride, pages, position, k, v, T, KV, Dh) {
      for (let t = 0; t < T; t++) {
        const headAt = headsAt(kv, stride, pages, position + t, Dh);
        const slot = (position + t) % PAGE;
        for (let head = 0; head < KV; head++) {
          const row = (t * KV + head) * Dh * 4;
          format.write("key", headAt("key", head), slot, floats(k + row, Dh));
          format.write("value", headAt("value", head), slot, floats(v + row, Dh));
        }
      }
    },

    attention(out, q, kv, stride, pages, position, T, H, KV, Dh, chunk, apart) {
      const scale = f(1 / f(Math.sqrt(Dh)));
      for (let t = 0; t < T; t++) {
        for (let h = 0; h < H; h++) {
          const to = floats(out + (t * H + h) * Dh * 4, Dh).fill(0);
          const own = position + t;
          let max = -Infinity;
          let sum = 0;
          for (let start = 0; start <= own; start += PAGE) {
            const visible = Math.min(PAGE, own + 1 - start);
            const headAt = headsAt(kv, stride, pages, start, Dh);
            const head = Math.floor(h / (H / KV));
            const keys = format.read(headAt("key", head), Dh);
            const values = format.read(headAt("value", head), Dh);
            const distance = chunk === 0 ? 0 : Math.floor(own / chunk) - Math.floor(start / chunk);
            const query = floats(q + Math.min(distance, 2) * apart + (t * H + h) * Dh * 4, Dh);

            const asked = operand(query, INT16);
            const scores = new Float32Array(visible);
            for (let i = 0; i < visible; i++) {
              const dot = sumOf(Dh, (d) => asked.numbers[d]! * keys.numbers[format.index("key", i, d, Dh)]!);
              scores[i] = f(dot * f(keys.scales[i]! * asked.scale)) * scale;
            }

            const before = max;
            max = scores.reduce((a, b) => larger(a, b), max);
            const shrink = exp(f(before - max)); // of what was summed under the smaller maximum
            const p = scores.map((score) => exp(f(score - max)));
            sum = f(f(sum * shrink) + laneSum(visible, (i) => p[i]!));

            const weights = operand(
              p.map((x, i) => x * values.scales[i]!),
              INT8,
            );
            for (let d = 0; d < Dh; d++) {
              const mixed = sumOf(
                visible,
                (i) => weights.numbers[i]! * values.numbers[format.index("value", i, d, Dh)]!,
              );
              to[d] = f(to[d]! * shrink) + f(mixed * weights.scale);
            }
          }
          for (let d = 0; d < Dh; d++) to[d]! /= sum;
        }
      }
    },
  };
}
