import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pack } from "../../scripts/pack/pack.ts";
import { type Frame, GREEDY, type Segment } from "../../src/engine/frame.ts";
import { decodeFrame, encodeFrame } from "../../src/engine/frame-codec.ts";
import { loadStage, type Stage } from "../../src/engine/stage.ts";
import { openChain, readManifest } from "../fakes/packed.ts";
import { TINY } from "../pack/model.ts";

const ROWS = 8;
const POSITIONS = 64;
let folder = "";
let stage: Stage;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "qwen-edge-stage-"));
  await pack(TINY, { out: join(folder, "tiny") });
  const { stages } = await openChain(join(folder, "tiny"), { rows: ROWS, kvPositions: POSITIONS });
  stage = stages[0]!;
});
after(() => rmSync(folder, { recursive: true, force: true }));

const constraint = { ...GREEDY, rawSums: true, adjustedSums: true };
const segment: Segment = { pages: [0], position: 0, length: 3, copyFrom: -1, heads: [{ row: 2, constraint }] };
const frame: Frame = {
  segments: [segment],
  ids: Uint32Array.of(5, 6, 7),
  hidden: new Float32Array(0),
  ...{ embedded: 0, layer: 0, headed: 0, results: [] },
};
const run = (change: Partial<Frame>) => stage.run(encodeFrame({ ...frame, ...change }));

test("LocalStage.run() does all that it holds, up to the candidates", async () => {
  const done = decodeFrame(await run({}));
  assert.deepEqual([done.embedded, done.layer, done.headed], [1_280, 2, 1_280]);
  assert.equal(done.hidden.length, 128);
  assert.equal(done.results.length, 1);
  assert.equal(done.results[0]!.top.length, 1);
});

test("LocalStage.run() refuses a frame whose numbers would lead out of its memory", async () => {
  const segments = (change: Partial<Segment>) => ({ segments: [{ ...segment, ...change }] });
  const heads = (...rows: number[]) => segments({ heads: rows.map((row) => ({ row, constraint })) });
  const long = new Uint32Array(ROWS + 1);
  const cases: [Partial<Frame>, RegExp][] = [
    [{ ids: new Uint32Array(0), segments: [] }, /has 0 rows; this stage takes 1 to 8/],
    [{ ids: long, ...segments({ length: long.length }) }, /has 9 rows/],
    [{ ids: Uint32Array.of(5, 6, 1_280) }, /an id outside of the table/],
    [{ hidden: new Float32Array(127) }, /hidden states of another size/],
    [{ hidden: new Float32Array(128 * 4) }, /hidden states of another size/],
    [segments({ position: POSITIONS - 2, pages: [0, 1] }), /reaches position 65 of 64/],
    [segments({ position: 0xffff_ffff, pages: [0, 1] }), /reaches position/],
    [segments({ position: 30 }), /too few pages/],
    [segments({ pages: [2] }), /a page outside of the pool/],
    [segments({ copyFrom: 2 }), /a page outside of the pool/],
    [segments({ pages: new Array<number>(17).fill(0) }), /too many page numbers/],
    [heads(3), /a row that it does not have/],
    [heads(1, 0), /not in order/],
    // As many heads as one likes would be gathered over what lies behind the rows.
    [heads(...new Array<number>(4_000).fill(2)), /not in order/],
    [segments({ length: 0, position: 32, copyFrom: 0, heads: [] }), /a segment without rows/],
    [segments({ length: 2, heads: [] }), /has 3 ids for 2 rows/],
  ];
  for (const [change, message] of cases) await assert.rejects(run(change), { name: "RangeError", message });
  assert.equal(decodeFrame(await run({})).results.length, 1);
});

test("loadStage() refuses a stage that the manifest does not have", async () => {
  const never = () => assert.fail("must not be called");
  const limits = { rows: ROWS, kvPositions: POSITIONS, context: POSITIONS, budgetBytes: 2 ** 30 };
  const loading = loadStage(readManifest(join(folder, "tiny")), 1, { limits, fetchChunk: never, bindKernels: never });
  await assert.rejects(loading, { name: "ModelFileError", message: /has no stage 1/ });
});
