// The reference of the KV cache and of attention over it. The contract is ../abi.ts, the order of the sums is
// assembly/attention.ts's, the bytes of a page are kv.ts's.
// Must not know: rotation, layers, who owns a page.

import { type Kernels, PAGE } from "../abi.ts";
import { exp } from "./exp.ts";
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

  /** Where the heads of the page of a position begin: KV heads of keys, then KV heads of values. */
  function headsAt(kv: number, stride: number, pages: number, position: number, KV: number, Dh: number) {
    const page = new Uint32Array(memory.buffer, pages + Math.floor(position / PAGE) * 4, 1)[0]!;
    return (which: Which, head: number) =>
      kv + page * stride + (which === "key" ? head : KV + head) * format.headBytes(Dh);
  }

  return {
    store(kv, stride, pages, position, k, v, T, KV, Dh) {
      for (let t = 0; t < T; t++) {
        const headAt = headsAt(kv, stride, pages, position + t, KV, Dh);
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
            const headAt = headsAt(kv, stride, pages, start, KV, Dh);
            const head = Math.floor(h / (H / KV));
            const keys = format.read(headAt("key", head), Dh);
            const values = format.read(headAt("value", head), Dh);
            const distance = chunk === 0 ? 0 : Math.floor(own / chunk) - Math.floor(start / chunk);
            const query = floats(q + Math.min(distance, 2) * apart + (t * H + h) * Dh * 4, Dh);

            const scores = new Float32Array(visible);
            for (let i = 0; i < visible; i++) {
              let dot = 0;
              for (let d = 0; d < Dh; d++) dot = f(dot + f(query[d]! * keys.numbers[format.index("key", i, d, Dh)]!));
              scores[i] = f(dot * keys.scales[i]!) * scale;
            }

            const before = max;
            max = scores.reduce((a, b) => larger(a, b), max);
            const shrink = exp(f(before - max)); // of what was summed under the smaller maximum
            const p = scores.map((score) => exp(f(score - max)));
            sum = f(f(sum * shrink) + laneSum(visible, (i) => p[i]!));

            const weights = p.map((x, i) => x * values.scales[i]!);
            for (let d = 0; d < Dh; d++) {
              let mixed = 0;
              for (let i = 0; i < visible; i++) {
                mixed = f(mixed + f(weights[i]! * values.numbers[format.index("value", i, d, Dh)]!));
              }
              to[d] = f(to[d]! * shrink) + mixed;
            }
          }
          for (let d = 0; d < Dh; d++) to[d]! /= sum;
        }
      }
    },
  };
}
