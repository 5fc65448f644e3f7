import assert from "node:assert/strict";
import { test } from "node:test";
import { type Constraint, type Frame, nextTask } from "../../src/engine/frame.ts";
import { decodeFrame, encodeFrame } from "../../src/engine/frame-codec.ts";

const constraint: Constraint = {
  temperature: Math.fround(0.7),
  top: 20,
  topRaw: 5,
  adjustments: [{ id: 7, bias: 1.5, repetition: Math.fround(1.1), subtract: 0.25 }],
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
