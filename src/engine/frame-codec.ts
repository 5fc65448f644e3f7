// A frame's bytes: 32-bit little-endian words without gaps, so that hidden states are copied, not converted.
// Takes a Frame, gives bytes, and back; the reader bounds every count by what the bytes can hold.
// Must not know: what a frame is for (frame.ts).
//
//   magic | embedded layer headed | T | ids … | D·rows | hidden … | segments, each with heads | results
//
// With a repetition penalty every id of prompt and answer is in an adjustment, in every frame of a session. So their ids
// alone are bytes, not words: the gaps between them, about one byte an id where there are many.

import { ModelFileError } from "../errors.ts";
import type { Constraint, Frame, HeadResult, Segment } from "./frame.ts";

const MAGIC = 0x33_46_51_45; // "EQF3"

/** A gap has 32 bits at most, seven a byte. */
const GAP_BYTES = 5;

/**
 * The bytes of a frame.
 * @throws {RangeError} when the ids of an adjustment do not ascend
 */
export function encodeFrame(frame: Frame): Uint8Array {
  const out = new Words();
  out.u32(MAGIC, frame.embedded, frame.layer, frame.headed);
  out.u32(frame.ids.length).words(frame.ids);
  out.u32(frame.hidden.length).words(frame.hidden);
  out.list(frame.segments, (segment) => {
    out.u32(segment.position, segment.length, segment.copyFrom + 1);
    out.u32(segment.pages.length).words(Uint32Array.from(segment.pages));
    out.list(segment.heads, ({ row, constraint }) => {
      out.u32(row);
      encodeConstraint(out, constraint);
    });
  });
  out.list(frame.results, (result) => {
    out.list(result.top, (c) => out.u32(c.id).f32(c.logit, c.adjusted));
    out.list(result.topRaw, (c) => out.u32(c.id).f32(c.logit));
    out.list(result.wanted, (c) => out.u32(c.id).f32(c.logit));
    out.u32(result.rawSums.length).words(result.rawSums);
    out.u32(result.adjustedSums.length).words(result.adjustedSums);
  });
  return out.bytes();
}

/**
 * The frame in `bytes`.
 * @throws {ModelFileError} when they are no frame
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  const input = new Reader(bytes);
  if (input.u32() !== MAGIC) throw new ModelFileError("frame", "wrong magic; the two ends run different versions");
  const embedded = input.u32();
  const layer = input.u32();
  const headed = input.u32();
  const ids = new Uint32Array(input.words());
  const hidden = new Float32Array(input.words());
  const segments = input.list((): Segment => {
    const position = input.u32();
    const length = input.u32();
    const copyFrom = input.u32() - 1;
    const pages = Array.from(new Uint32Array(input.words()));
    const heads = input.list(() => ({ row: input.u32(), constraint: decodeConstraint(input) }));
    return { position, length, copyFrom, pages, heads };
  });
  const results = input.list((): HeadResult => {
    const top = input.list(() => ({ id: input.u32(), logit: input.f32(), adjusted: input.f32() }));
    const topRaw = input.list(() => ({ id: input.u32(), logit: input.f32() }));
    const wanted = input.list(() => ({ id: input.u32(), logit: input.f32() }));
    const rawSums = new Float32Array(input.words());
    const adjustedSums = new Float32Array(input.words());
    return { top, topRaw, wanted, rawSums, adjustedSums };
  });
  input.end();
  return { segments, ids, hidden, embedded, layer, headed, results };
}

function encodeConstraint(out: Words, c: Constraint): void {
  out.f32(c.temperature).u32(c.top, c.topRaw, c.tile + 1, Number(c.rawSums), Number(c.adjustedSums));
  out.list(c.adjustments, (a) => out.f32(a.bias, a.repetition, a.subtract).ascending(a.ids));
  out.list(c.wanted, (id) => out.u32(id));
}

function decodeConstraint(input: Reader): Constraint {
  const temperature = input.f32();
  const top = input.u32();
  const topRaw = input.u32();
  const tile = input.u32() - 1;
  const rawSums = input.u32() === 1;
  const adjustedSums = input.u32() === 1;
  const adjustments = input.list(() => {
    const [bias, repetition, subtract] = [input.f32(), input.f32(), input.f32()];
    return { ids: input.ascending(), bias, repetition, subtract };
  });
  const wanted = input.list(() => input.u32());
  return { temperature, top, topRaw, tile, rawSums, adjustedSums, adjustments, wanted };
}

/** Words, appended to a buffer that doubles when it is full. */
class Words {
  #u32 = new Uint32Array(1024);
  #f32 = new Float32Array(this.#u32.buffer);
  #u8 = new Uint8Array(this.#u32.buffer);
  #length = 0;

  u32(...values: number[]): this {
    this.#room(values.length);
    for (const value of values) this.#u32[this.#length++] = value;
    return this;
  }

  f32(...values: number[]): this {
    this.#room(values.length);
    for (const value of values) this.#f32[this.#length++] = value;
    return this;
  }

  words(values: Uint32Array | Float32Array): this {
    this.#room(values.length);
    this.#u32.set(new Uint32Array(values.buffer, values.byteOffset, values.length), this.#length);
    this.#length += values.length;
    return this;
  }

  /** How many bytes follow; numbers, each as its gap to the least that may come, low bits first; 0 up to a whole word. */
  ascending(values: Uint32Array): this {
    this.#room(1 + Math.ceil((values.length * GAP_BYTES) / 4));
    const u8 = this.#u8;
    const start = (this.#length + 1) * 4;
    let at = start;
    let least = 0;
    for (const value of values) {
      let gap = value - least;
      if (gap < 0) throw new RangeError(`Frame has an adjustment of id ${value} after ${least - 1}; sort its ids`);
      for (; gap > 127; gap >>>= 7) u8[at++] = (gap & 127) | 128;
      u8[at++] = gap;
      least = value + 1;
    }
    this.#u32[this.#length] = at - start;
    this.#length = Math.ceil(at / 4);
    return this;
  }

  list<T>(items: readonly T[], write: (item: T) => void): this {
    this.u32(items.length);
    for (const item of items) write(item);
    return this;
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.#u32.buffer, 0, this.#length * 4);
  }

  #room(words: number): void {
    if (this.#length + words <= this.#u32.length) return;
    const grown = new Uint32Array(Math.max(this.#u32.length * 2, this.#length + words));
    grown.set(this.#u32);
    this.#u32 = grown;
    this.#f32 = new Float32Array(grown.buffer);
    this.#u8 = new Uint8Array(grown.buffer);
  }
}

/** Reads words in the order in which they were written. */
class Reader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u32(): number {
    this.#need(4);
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }

  f32(): number {
    this.#need(4);
    this.#at += 4;
    return this.#view.getFloat32(this.#at - 4, true);
  }

  /** The next counted run of words, copied. */
  words(): ArrayBuffer {
    const bytes = this.u32() * 4;
    this.#need(bytes);
    this.#at += bytes;
    return this.#bytes.slice(this.#at - bytes, this.#at).buffer as ArrayBuffer;
  }

  /** Numbers, each larger than the one before. */
  ascending(): Uint32Array {
    const count = this.u32();
    const end = this.#at + count;
    this.#need(Math.ceil(count / 4) * 4);
    const values = new Uint32Array(count); // a number has at least one byte
    let length = 0;
    let least = 0;
    let gap = 0;
    let shift = 0;
    for (let at = this.#at; at < end; at++) {
      const byte = this.#bytes[at]!;
      if (shift === 28 && byte > 15) throw new ModelFileError("frame", "has a gap of more than 32 bits");
      gap += ((byte & 127) << shift) >>> 0;
      shift += 7;
      if (byte > 127) continue;
      if (least + gap > 0xffff_ffff) throw new ModelFileError("frame", "has an id of more than 32 bits");
      values[length++] = least + gap;
      least += gap + 1;
      gap = 0;
      shift = 0;
    }
    if (shift > 0) throw new ModelFileError("frame", "ends an adjustment within an id");
    this.#at += Math.ceil(count / 4) * 4;
    return values.slice(0, length);
  }

  list<T>(read: () => T): T[] {
    const count = this.u32();
    this.#need(count * 4); // an item has at least one word
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(read());
    return items;
  }

  end(): void {
    if (this.#at !== this.#bytes.byteLength) throw new ModelFileError("frame", "has bytes after its end");
  }

  #need(bytes: number): void {
    if (this.#at + bytes > this.#bytes.byteLength) throw new ModelFileError("frame", "ends too early");
  }
}
