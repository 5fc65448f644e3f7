import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { loadWeights, Tensors } from "../../src/engine/weights.ts";
import { CHUNK_BYTES, HASH_BYTES, type StageManifest } from "../../src/model/manifest.ts";

const BASE = 65_536;
/** Two chunks, the second with a last piece of less than a MiB. */
const BYTES = CHUNK_BYTES + 2 * HASH_BYTES + 1_000;
const image = new Uint8Array(BYTES);
for (let i = 0, state = 1; i < BYTES; i++) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  image[i] = state >>> 24;
}
const stage: StageManifest = {
  layers: [0, 1],
  rows: [0, 0],
  bytes: BYTES,
  chunks: ["stage-0-000.bin", "stage-0-001.bin"],
  sha256: Array.from({ length: Math.ceil(BYTES / HASH_BYTES) }, (_, i) =>
    createHash("sha256")
      .update(image.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES))
      .digest("hex"),
  ),
  tensors: {
    "a.weight": { format: "q4", shape: [8, 64], offset: 0 },
    "a.bias": { format: "f32", shape: [8], offset: 320 },
    late: { format: "f32", shape: [1_000], offset: BYTES - 3_999 },
  },
};
const chunksOf = (bytes: Uint8Array) => [bytes.slice(0, CHUNK_BYTES), bytes.slice(CHUNK_BYTES)] as const;

/** Of streams: pieces as they come, or bytes for a buffer that the reader brings. */
const TYPES = [undefined, "bytes"] as const;

/** Loads chunks that arrive in pieces of `pieceBytes`; gives what memory holds then. */
async function load(
  chunks: readonly Uint8Array[],
  { pieceBytes = 700_001, type = undefined as "bytes" | undefined, onProgress = (_bytes: number) => {} } = {},
): Promise<Uint8Array> {
  const memory = new WebAssembly.Memory({ initial: Math.ceil((BASE + BYTES) / 65_536) });
  const fetchChunk = async (file: string) => {
    const bytes = chunks[stage.chunks.indexOf(file)]!;
    let at = 0;
    const pull = (controller: ReadableStreamDefaultController | ReadableByteStreamController) => {
      if (at < bytes.length) {
        controller.enqueue(new Uint8Array(bytes.subarray(at, at + pieceBytes))); // a stream of bytes takes the buffer away
        at += pieceBytes;
        return;
      }
      controller.close();
      if ("byobRequest" in controller) controller.byobRequest?.respond(0);
    };
    return type === "bytes" ? new ReadableStream({ type, pull }) : new ReadableStream<Uint8Array>({ pull });
  };
  await loadWeights(memory, BASE, { stage, fetchChunk, onProgress });
  return new Uint8Array(memory.buffer, BASE, BYTES);
}

test("loadWeights() puts the chunks end to end, in whatever pieces they arrive", async () => {
  for (const type of TYPES) {
    for (const pieceBytes of [700_001, HASH_BYTES, CHUNK_BYTES]) {
      const seen: number[] = [];
      const loaded = await load(chunksOf(image), { pieceBytes, type, onProgress: (bytes) => seen.push(bytes) });
      assert.equal(Buffer.compare(loaded, image), 0, `pieces of ${pieceBytes}, ${type}`);
      assert.equal(seen.at(-1), BYTES);
    }
  }
});

test("loadWeights() names the chunk in which a bit is wrong, and says what to do", async () => {
  for (const [at, file] of [
    [0, "stage-0-000.bin"],
    [CHUNK_BYTES - 1, "stage-0-000.bin"],
    [CHUNK_BYTES, "stage-0-001.bin"],
    [BYTES - 1, "stage-0-001.bin"],
  ] as const) {
    const damaged = image.slice();
    damaged[at]! ^= 4;
    for (const type of TYPES) {
      const error = { name: "ModelFileError", file, message: /damaged.*pack the model/ };
      await assert.rejects(load(chunksOf(damaged), { type }), error);
    }
  }
});

test("loadWeights() names the chunk that is short or long, the first one too", async () => {
  const [first, second] = chunksOf(image);
  const cases: [Uint8Array[], string, RegExp][] = [
    [[first.subarray(0, -1), second], "stage-0-000.bin", /has 25165823 bytes, expected 25165824/],
    [[first, second.subarray(0, -1)], "stage-0-001.bin", /has 2098151 bytes, expected 2098152/],
    [[first, new Uint8Array(0)], "stage-0-001.bin", /has 0 bytes/],
    [[Buffer.concat([first, second.subarray(0, 1)]), second], "stage-0-000.bin", /more than its 25165824 bytes/],
    [[first, Buffer.concat([second, first.subarray(0, 1)])], "stage-0-001.bin", /more than its 2098152 bytes/],
  ];
  for (const [chunks, file, message] of cases) {
    for (const type of TYPES) await assert.rejects(load(chunks, { type }), { name: "ModelFileError", file, message });
  }
});

test("Tensors gives offsets of tensors in the shape that the model asks for, with a matrix's bias", () => {
  const tensors = new Tensors(stage, BASE);
  const a = tensors.matrix("a.weight", [8, 64], { hasBias: true });
  assert.deepEqual(a, { format: "q4", offset: BASE, N: 8, K: 64, bias: BASE + 320 });
  assert.equal(tensors.vector("a.bias", [8]), BASE + 320);
});

test("Tensors refuses what the manifest does not hold as the model asks for it", () => {
  const tensors = new Tensors(stage, BASE);
  const { "a.bias": _, ...others } = stage.tensors;
  const unbiased = new Tensors({ ...stage, tensors: others }, BASE);
  const cases: [() => unknown, RegExp][] = [
    [() => tensors.matrix("b.weight", [8, 64]), /b.weight is missing/],
    [() => unbiased.matrix("a.weight", [8, 64], { hasBias: true }), /a.bias is missing/],
    [() => tensors.matrix("a.weight", [8, 96]), /has shape \[8, 64\]; expected \[8, 96\]/],
    [() => tensors.matrix("a.bias", [8]), /is f32; a matrix is q4 or q8/],
    [() => tensors.vector("a.weight", [8, 64]), /is q4; expected f32/],
    [() => tensors.vector("late", [1_000]), /ends after the stage's last byte/],
  ];
  for (const [call, message] of cases) assert.throws(call, { name: "ModelFileError", message });
});
