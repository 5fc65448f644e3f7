// The KV cache of one stage: where a page of a layer lies. The chain owns which page belongs to whom.
// Takes sizes; gives offsets. Must not know: sessions, prefixes, eviction.
//
//   page 0                              page 1
//   ┌─────────┬─────────┬─────────────┬─────────┬───
//   │ layer 0 │ layer 1 │ …           │ layer 0 │ …      one layer's page: each head's keys and values, 32 positions
//   └─────────┴─────────┴─────────────┴─────────┴───

import { type KvFormat, type Offset, PAGE, pageBytes } from "../../kernels/abi.ts";
import type { Qwen2Config } from "../model/qwen2.ts";
import type { Arena } from "./arena.ts";

export { PAGE };

export class KvCache {
  /** Pages of all sessions together. */
  readonly pages: number;
  /** Bytes from one page of a layer to the next page of the same layer. */
  readonly stride: number;
  readonly format: KvFormat;
  readonly #base: Offset;
  readonly #layerBytes: number;

  constructor(arena: Arena, config: Qwen2Config, options: { layers: number; positions: number; format: KvFormat }) {
    this.format = options.format;
    this.#layerBytes = pageBytes(options.format, config.num_key_value_heads, config.head_dim);
    this.pages = Math.ceil(options.positions / PAGE);
    this.stride = this.#layerBytes * options.layers;
    this.#base = arena.reserve("KV pages", this.pages * this.stride);
  }

  /** Makes page `to` equal page `from`, in all of the stage's layers. */
  copy(memory: WebAssembly.Memory, from: number, to: number): void {
    const start = this.#base + from * this.stride;
    new Uint8Array(memory.buffer).copyWithin(this.#base + to * this.stride, start, start + this.stride);
  }

  /** The offset of page 0 of a layer, counted from the stage's first layer. */
  layer(index: number): Offset {
    return this.#base + index * this.#layerBytes;
  }
}
