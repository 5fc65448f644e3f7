// Reads golden.safetensors: an 8-byte header length, a JSON header, then plain little-endian arrays.

import { readFileSync } from "node:fs";

export interface Golden {
  /** Numbers by name, with their shapes. */
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: ArrayLike<number> }>;
  /** How it was made: command, seed, versions of Python's packages. */
  readonly made: Readonly<Record<string, unknown>>;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

export function readGolden(file: string): Golden {
  const bytes = new Uint8Array(readFileSync(file));
  const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const { __metadata__: metadata, ...entries } = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
  const tensors = Object.entries(entries as Record<string, Entry>).map(([name, { dtype, shape, data_offsets }]) => {
    const data = bytes.slice(start + data_offsets[0], start + data_offsets[1]).buffer;
    return [name, { shape, values: numbers(dtype, data) }] as const;
  });
  return { tensors: new Map(tensors), made: JSON.parse(metadata.made) };
}

function numbers(dtype: string, data: ArrayBuffer): ArrayLike<number> {
  if (dtype === "F32") return new Float32Array(data);
  if (dtype === "I32") return new Int32Array(data);
  if (dtype !== "BF16") throw new TypeError(`Goldens hold F32, I32 and BF16, not ${dtype}`);
  return new Float32Array(Uint32Array.from(new Uint16Array(data), (bits) => bits << 16).buffer);
}
