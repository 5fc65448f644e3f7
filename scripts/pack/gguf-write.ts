// Writes GGUF version 3: the other direction of gguf.ts, for the models that we make and for tests.
// Takes metadata and tensors with their stored bytes; gives the file's bytes. Same input, same bytes.
// Must not know: what keys mean, how weights are quantized.

import { STORAGE_TYPES } from "./dequantize.ts";

/** An integer is written as u32, { f32 } as a float, a list of integers as i32. */
export type GgufInput = string | boolean | number | { readonly f32: number } | readonly string[] | readonly number[];

export interface GgufTensorInput {
  readonly name: string;
  /** ggml's name: F32, Q8_0, ... */
  readonly type: string;
  /** As PyTorch says it: [rows, columns] or [length]. */
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

const ALIGNMENT = 32;
const TYPE_NUMBERS = new Map([...STORAGE_TYPES].map(([number, { name }]) => [name, number]));
const align = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** The bytes of a GGUF file. @throws {RangeError} for an unknown type or bytes that do not match the shape */
export function writeGguf(
  metadata: Readonly<Record<string, GgufInput>>,
  tensors: readonly GgufTensorInput[],
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const put = (bytes: number, set: (view: DataView) => void): void => {
    const part = new Uint8Array(bytes);
    set(new DataView(part.buffer));
    parts.push(part);
  };
  const u32 = (value: number): void => put(4, (view) => view.setUint32(0, value, true));
  const u64 = (value: number): void => put(8, (view) => view.setBigUint64(0, BigInt(value), true));
  const string = (text: string): void => {
    const bytes = new TextEncoder().encode(text);
    u64(bytes.length);
    parts.push(bytes);
  };
  const value = (input: GgufInput): void => {
    if (typeof input === "string") {
      u32(8);
      string(input);
    } else if (typeof input === "boolean") {
      u32(7);
      put(1, (view) => view.setUint8(0, input ? 1 : 0));
    } else if (typeof input === "number") {
      u32(4);
      u32(input);
    } else if ("f32" in input) {
      u32(6);
      put(4, (view) => view.setFloat32(0, input.f32, true));
    } else {
      u32(9);
      u32(typeof input[0] === "number" ? 5 : 8);
      u64(input.length);
      for (const each of input) {
        if (typeof each === "string") string(each);
        else put(4, (view) => view.setInt32(0, each, true));
      }
    }
  };

  parts.push(new TextEncoder().encode("GGUF"));
  u32(3);
  u64(tensors.length);
  u64(Object.keys(metadata).length);
  for (const [key, input] of Object.entries(metadata)) {
    string(key);
    value(input);
  }
  let offset = 0;
  for (const { name, type, shape, bytes } of tensors) {
    const number = TYPE_NUMBERS.get(type);
    if (number === undefined) throw new RangeError(`${name} has the type ${type}, which cannot be written`);
    const { block, bytes: blockBytes } = STORAGE_TYPES.get(number)!;
    if (bytes.length !== (shape.reduce((n, m) => n * m, 1) / block) * blockBytes) {
      throw new RangeError(`${name} has ${bytes.length} bytes, not those of ${shape.join(" x ")} in ${type}`);
    }
    string(name);
    u32(shape.length);
    for (const n of shape.toReversed()) u64(n);
    u32(number);
    u64(offset);
    offset = align(offset + bytes.length);
  }

  const header = align(parts.reduce((sum, part) => sum + part.length, 0));
  const file = new Uint8Array(header + offset);
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  at = header;
  for (const { bytes } of tensors) {
    file.set(bytes, at);
    at = align(at + bytes.length);
  }
  return file;
}
