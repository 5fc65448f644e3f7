import assert from "node:assert/strict";
import { test } from "node:test";
import { type Constraint, type Frame, nextTask } from "../../src/engine/frame.ts";
import { decodeFrame, encodeFrame } from "../../src/engine/frame-codec.ts";

const constraint: Constraint = {
  temperature: Math.fround(0.7),
  top: 20,
  topRaw: 5,
  adjustments: [{ ids: Uint32Array.of(7, 300, 301), bias: 1.5, repetition: Math.fround(1.1), subtract: 0.25 }],
  tile: -1,
  rawSums: true,
  adjustedSums: false,
  wanted: [3, 9],
};

const frame: Frame = {
  segments: [
    { pages: [0, 4], position: 31, length: 2, copyFrom: 3, heads: [{ row: 1, constraint }] },
    { pages: [2], position: 0, length: 1, copyFrom: -1, heads: [] },
  ],
  ids: Uint32Array.from([5, 9, 4000]),
  hidden: Float32Array.from({ length: 12 }, (_, i) => i / 3),
  embedded: 4096,
  layer: 3,
  headed: 0,
  results: [
    {
      top: [{ id: 1, logit: 0.5, adjusted: 0.25 }],
      topRaw: [{ id: 2, logit: 3 }],
      wanted: [],
      rawSums: Float32Array.from([1, 2, Number.NEGATIVE_INFINITY, 0]),
      adjustedSums: new Float32Array(0),
    },
  ],
};

test("decodeFrame(encodeFrame()) gives the frame back", () => {
  assert.deepEqual(decodeFrame(encodeFrame(frame)), frame);
});

test("decodeFrame() refuses every truncation, and bytes after the end", () => {
  const bytes = encodeFrame(frame);
  for (let length = 0; length < bytes.length; length += 4) {
    assert.throws(() => decodeFrame(bytes.slice(0, length)), { name: "ModelFileError" });
  }
  const longer = new Uint8Array(bytes.length + 4);
  longer.set(bytes);
  assert.throws(() => decodeFrame(longer), /after its end/);
});

test("decodeFrame() refuses counts that the bytes cannot hold", () => {
  const bytes = encodeFrame(frame).slice();
  new DataView(bytes.buffer).setUint32(16, 0xffff_fff0, true);
  assert.throws(() => decodeFrame(bytes), /ends too early/);
});

/** A frame in which one row adjusts these ids. */
const adjusting = (...ids: number[]): Frame => {
  const adjustments = [{ ids: Uint32Array.from(ids), bias: 0, repetition: Math.fround(1.1), subtract: 0 }];
  const heads = [{ row: 0, constraint: { ...constraint, adjustments, wanted: [] } }];
  return { ...frame, segments: [{ pages: [], position: 0, length: 1, copyFrom: -1, heads }], results: [] };
};

test("a frame keeps the ids of adjustments, whatever lies between them, in about a byte each where they are many", () => {
  const gaps = [1, 127, 128, 129, 2 ** 14, 2 ** 14 + 1, 2 ** 21, 2 ** 28, 2 ** 28 + 1];
  let id = 0;
  const cases = [[], [0], [0xffff_ffff], [0, 0xffff_ffff], [0xffff_fffe, 0xffff_ffff], gaps.map((gap) => (id += gap))];
  for (const ids of cases) assert.deepEqual(decodeFrame(encodeFrame(adjusting(...ids))), adjusting(...ids));

  const many = Array.from({ length: 4_000 }, (_, i) => i * 37 + (i % 5));
  const large = encodeFrame(adjusting(...many));
  assert.deepEqual(decodeFrame(large), adjusting(...many));
  assert.equal(large.length - encodeFrame(adjusting()).length, 4_000);
});

test("encodeFrame() refuses adjustments whose ids do not ascend", () => {
  for (const ids of [
    [5, 5],
    [5, 4],
    [0, 0],
  ]) {
    assert.throws(() => encodeFrame(adjusting(...ids)), { name: "RangeError", message: /sort its ids/ });
  }
});

test("decodeFrame() refuses ids of adjustments that are cut off or have more than 32 bits", () => {
  const five = [0xff, 0xff, 0xff, 0xff];
  const cases: [number[], RegExp][] = [
    [[0x80], /within an id/],
    [[0x01, 0x80], /within an id/],
    [[...five, 0x10], /a gap of more than 32 bits/],
    [[...five, 0x80, 0x00], /a gap of more than 32 bits/],
    [[...five, 0x0f, 0x00], /an id of more than 32 bits/],
  ];
  for (const [packed, message] of cases) {
    const bytes = encodeFrame(adjusting(...packed.map((_, i) => i))).slice();
    const start = bytes.length - 4 * (2 + Math.ceil(packed.length / 4)); // before it their number, behind it two counts of 0
    assert.equal(new DataView(bytes.buffer).getUint32(start - 4, true), packed.length);
    bytes.set(packed, start);
    assert.throws(() => decodeFrame(bytes), { name: "ModelFileError", message });
    new DataView(bytes.buffer).setUint32(start - 4, 0xffff_ffff, true);
    assert.throws(() => decodeFrame(bytes), /ends too early/);
  }
});

test("nextTask() embeds, then runs layers, then asks for heads, then is done", () => {
  const depth = { layers: 4, rows: 5000, tileRows: 2048 };
  const at = (cursors: Partial<Frame>) => nextTask({ ...frame, ...cursors }, depth);
  assert.deepEqual(at({ embedded: 0, layer: 0 }), { kind: "embed", row: 5 });
  assert.deepEqual(at({ embedded: 2048, layer: 0 }), { kind: "embed", row: 4000 });
  assert.deepEqual(at({ embedded: 4096, layer: 0 }), { kind: "layer", layer: 0 });
  assert.deepEqual(at({ layer: 4 }), { kind: "head", row: 0 });
  assert.deepEqual(at({ layer: 4, headed: 2048 }), { kind: "head", row: 2048 });
  assert.deepEqual(at({ layer: 4, headed: 5000 }), { kind: "done" });
});

test("nextTask() asks only the tile that a constraint names", () => {
  const depth = { layers: 4, rows: 5000, tileRows: 2048 };
  const segments = [{ ...frame.segments[0]!, heads: [{ row: 1, constraint: { ...constraint, tile: 1 } }] }];
  assert.deepEqual(nextTask({ ...frame, segments, layer: 4 }, depth), { kind: "head", row: 2048 });
  assert.deepEqual(nextTask({ ...frame, segments, layer: 4, headed: 4096 }, depth), { kind: "done" });
});
