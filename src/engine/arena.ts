// The arena: everything that one stage keeps, laid out in one linear memory under a byte budget.
// Takes reservations, in order; then gives the memory. Nothing is freed: a stage lives and dies whole.
// Must not know: what the regions hold.
//
//   0         KERNEL_BYTES                                                      capacity
//   ┌─────────┬──────────────────────────┬────────────────────┬────────────────┐
//   │ kernels │ weights (chunks, as is)  │ KV pages           │ scratch        │
//   └─────────┴──────────────────────────┴────────────────────┴────────────────┘

import { KERNEL_BYTES, type Offset } from "../../kernels/abi.ts";
import { UnavailableError } from "../errors.ts";

const WASM_PAGE = 65_536;
const WASM_LIMIT = 65_536 * WASM_PAGE;
const ALIGN = 64;

export class Arena {
  #end = KERNEL_BYTES;
  readonly #regions: { name: string; bytes: number }[] = [];

  /** Bytes reserved so far, the kernels' own included. */
  get bytes(): number {
    return this.#end;
  }

  /** The offset of a new region of `bytes`, aligned to 64. */
  reserve(name: string, bytes: number): Offset {
    const offset = Math.ceil(this.#end / ALIGN) * ALIGN;
    this.#end = offset + bytes;
    this.#regions.push({ name, bytes });
    return offset;
  }

  /**
   * The memory for all reservations.
   * @throws {UnavailableError} when they exceed the budget, naming the three largest regions, or the runtime has no more
   */
  open(budgetBytes: number): WebAssembly.Memory {
    const pages = Math.ceil(this.#end / WASM_PAGE);
    if (pages * WASM_PAGE > Math.min(budgetBytes, WASM_LIMIT)) {
      const largest = this.#regions
        .toSorted((a, b) => b.bytes - a.bytes)
        .slice(0, 3)
        .map((r) => `${r.name} ${mib(r.bytes)}`)
        .join(", ");
      throw new UnavailableError(
        `The stage needs ${mib(this.#end)} (${largest}) but may take ${mib(budgetBytes)}; ` +
          "use more stages, a smaller format or fewer KV positions",
      );
    }
    try {
      return new WebAssembly.Memory({ initial: pages, maximum: pages });
    } catch (cause) {
      throw new UnavailableError(`The stage needs ${mib(this.#end)}, which this runtime does not give`, 1, { cause });
    }
  }
}

function mib(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
