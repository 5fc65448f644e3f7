// What goes wrong around packing: files cut and damaged anywhere, full disks, models larger than memory.

import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { writeGguf } from "../../scripts/pack/gguf-write.ts";
import { pack } from "../../scripts/pack/pack.ts";
import { ModelFileError } from "../../src/errors.ts";
import { modelTensors } from "../../src/model/qwen2.ts";
import { CONFIG, ggufBytes, makeRandom, makeWeights, TINY, temporaryFolder, writeHubFolder } from "./model.ts";

const CLI = fileURLToPath(new URL("../../scripts/cli.js", import.meta.url));

/** A seeded integer below `n`. */
function makeBelow(seed: number): (n: number) => number {
  const random = makeRandom(seed);
  return (n) => Math.floor(n * (random() / 2 + 0.5));
}

/** Packs; true when it worked, false when it failed as it must: one line of ModelFileError, and nothing left behind. */
async function survives(input: string, folder: string, what: string): Promise<boolean> {
  const out = join(folder, "out");
  const before = readdirSync(folder).sort();
  try {
    await pack(input, { out });
  } catch (error) {
    assert.ok(error instanceof ModelFileError, `${what}: ${String(error)}`);
    assert.ok(error.message.length < 1_000 && !error.message.includes("\n"), `${what}: ${error.message}`);
    assert.deepEqual(readdirSync(folder).sort(), before, what);
    return false;
  }
  rmSync(out, { recursive: true });
  return true;
}

/** One to three bits flipped, within a range of the bytes. */
function flip(bytes: Uint8Array, below: (n: number) => number, first: number, end: number): Uint8Array {
  const flipped = bytes.slice();
  for (let i = 0; i <= below(3); i++) flipped[first + below(end - first)]! ^= 1 << below(8);
  return flipped;
}

test("pack() refuses a GGUF file that is cut anywhere", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "m.gguf");
  const whole = ggufBytes(CONFIG, makeWeights(CONFIG));
  const below = makeBelow(11);
  const places = [0, 1, 3, 4, 23, 24, whole.length - 1_000, whole.length - 257];
  for (let i = 0; i < 120; i++) places.push(below(i % 2 === 0 ? 40_000 : whole.length - 257));
  for (const length of places) {
    writeFileSync(path, whole.subarray(0, length));
    assert.equal(await survives(path, folder, `cut at ${length}`), false, `cut at ${length}`);
  }
});

test("pack() refuses or packs a GGUF file with flipped bits, and does nothing else", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "m.gguf");
  const whole = ggufBytes(CONFIG, makeWeights(CONFIG));
  const below = makeBelow(12);
  let refused = 0;
  const runs = 240;
  for (let run = 0; run < runs; run++) {
    const [first, end] = [
      [0, 600], // counts and the config's keys
      [0, 40_000], // the vocabulary
      [38_000, 42_000], // the directory
      [0, whole.length], // the weights, mostly
    ][run % 4] as [number, number];
    writeFileSync(path, flip(whole, below, first, end));
    if (!(await survives(path, folder, `run ${run}`))) refused++;
  }
  assert.ok(refused > runs / 4 && refused < runs, `${refused} of ${runs} were refused`);
});

test("pack() refuses or packs a Hugging Face folder with a file that is cut or has flipped bits", async (t) => {
  const folder = temporaryFolder(t);
  const hub = writeHubFolder(join(folder, "hub"), CONFIG, makeWeights(CONFIG), 2);
  const below = makeBelow(13);
  const files = readdirSync(hub).sort();
  assert.equal(files.length, 7);
  let refused = 0;
  for (const file of files) {
    const path = join(hub, file);
    const whole = new Uint8Array(readFileSync(path));
    for (let run = 0; run < 40; run++) {
      const isWeights = file.endsWith(".safetensors");
      const cut = whole.subarray(0, below(whole.length));
      const damaged = run % 2 === 0 ? cut : flip(whole, below, 0, isWeights ? 3_000 : whole.length);
      writeFileSync(path, damaged);
      const survived = await survives(hub, folder, `${file}, run ${run}`);
      if (!survived) refused++;
      if (run % 2 === 0 && isWeights) assert.equal(survived, false, `${file} cut at ${cut.length}`);
    }
    writeFileSync(path, whole);
  }
  assert.ok(refused > 140, `${refused}`);
});

/** A GGUF file in which the value of one metadata key is a u64. */
function withU64(key: string, value: bigint): Uint8Array {
  const bytes = ggufBytes(CONFIG, makeWeights(CONFIG), { metadata: { [key]: "" } });
  const at = Buffer.from(bytes.buffer).indexOf(key) + key.length;
  const view = new DataView(bytes.buffer);
  view.setUint32(at, 10, true); // the empty string's length, 64 bits of 0, becomes the number
  view.setBigUint64(at + 4, value, true);
  return bytes;
}

test("pack() refuses values that no key may have, however large, in a short line", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "m.gguf");
  const refuses = async (bytes: Uint8Array, message: RegExp) => {
    writeFileSync(path, bytes);
    await assert.rejects(pack(path, { out: join(folder, "out") }), { name: "ModelFileError", message });
    await survives(path, folder, String(message));
  };
  const weights = makeWeights(CONFIG);
  const withMetadata = (key: string, value: string | readonly number[]) =>
    ggufBytes(CONFIG, weights, { metadata: { [key]: value } });
  await refuses(withU64("qwen2.block_count", 2n ** 60n), /num_hidden_layers is 1152921504606847000; expected/);
  await refuses(withU64("general.architecture", 2n ** 63n), /unknown architecture 9223372036854776000/);
  await refuses(withU64("tokenizer.ggml.pre", 2n ** 60n), /tokenizer.ggml.pre is 1152921504606847000/);
  await refuses(withMetadata("general.architecture", "x".repeat(1e6)), /unknown architecture "xxx.*…$/);
  await refuses(withMetadata("general.architecture", "a\u2028b\u0085"), /unknown architecture/);
  await refuses(withMetadata("qwen2.block_count", new Array<number>(1e5).fill(1)), /num_hidden_layers is \[1,1.*…$/);
});

test("pack() reads no header that is larger than memory should be", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "m.gguf");
  // Twelve strings of 16 MiB, on a disk that stores no zeros.
  const length = 16 * 2 ** 20;
  const head = writeGguf({}, []).subarray(0, 24);
  new DataView(head.buffer).setBigUint64(16, 12n, true);
  const file = await open(path, "w");
  await file.write(head, 0, 24, 0);
  for (let i = 0, at = 24; i < 12; i++) {
    const key = new Uint8Array(8 + 1 + 4 + 8);
    const view = new DataView(key.buffer);
    view.setBigUint64(0, 1n, true);
    key[8] = 97 + i;
    view.setUint32(9, 8, true);
    view.setBigUint64(13, BigInt(length), true);
    await file.write(key, 0, key.length, at);
    at += key.length + length;
  }
  await file.truncate(24 + 12 * (21 + length));
  await file.close();
  await assert.rejects(pack(path, { out: join(folder, "out") }), {
    name: "ModelFileError",
    message: /has a header of more than 67108864 bytes/,
  });
});

test("pack() says so when the disk is full, and leaves nothing behind", async (t) => {
  const folder = temporaryFolder(t);
  const handle = await open(join(folder, "handle"), "w");
  const written = t.mock.method(Object.getPrototypeOf(handle) as typeof handle, "writeFile", async () => {
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  });
  await handle.close();
  await assert.rejects(pack(TINY, { out: join(folder, "out") }), {
    name: "ModelFileError",
    message: /the disk is full; nothing was kept$/,
  });
  assert.equal(written.mock.callCount(), 1);
  assert.deepEqual(readdirSync(folder), ["handle"]);
});

test("qwen-edge pack fails with one line on a disk that is really full", (t) => {
  const folder = temporaryFolder(t);
  const disk = join(folder, "disk");
  mkdirSync(disk);
  // A disk of 100 KB, in namespaces of its own where that is allowed.
  const shell = (command: string) => spawnSync("unshare", ["-rm", "sh", "-c", command], { encoding: "utf8" });
  const mount = `mount -t tmpfs -o size=100k none '${disk}'`;
  if (shell(mount).status !== 0) return t.skip("no disk can be mounted here");
  const packing = `'${process.execPath}' '${CLI}' pack '${TINY}' --out '${disk}/out'`;
  const { stdout, stderr } = shell(`${mount}; ${packing}; echo "code $?"; ls -A '${disk}'`);
  assert.equal(stderr, `${disk}/out: the disk is full; nothing was kept\n`);
  assert.equal(stdout, "code 1\n");
});

/** A Hugging Face folder of `size` bytes, nearly all of them zeros that take no room on the disk. */
function writeHugeFolder(folder: string): { hub: string; size: number } {
  const hub = writeHubFolder(folder, CONFIG, new Map());
  const config = { ...CONFIG, hidden_size: 2_048, vocab_size: 65_536, tie_word_embeddings: true };
  writeFileSync(join(hub, "config.json"), JSON.stringify(config));
  let size = 0;
  const entries = [...modelTensors({ ...config, attention_bias: false })].map(([name, shape]) => {
    const bytes = shape.reduce((n, m) => n * m, 4);
    size += bytes;
    return [name, { dtype: "F32", shape, data_offsets: [size - bytes, size] }];
  });
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const header = new Uint8Array(8 + json.length);
  new DataView(header.buffer).setBigUint64(0, BigInt(json.length), true);
  header.set(json, 8);
  writeFileSync(join(hub, "model.safetensors"), header);
  truncateSync(join(hub, "model.safetensors"), header.length + size);
  return { hub, size };
}

test("pack() holds a small part of a model that is larger than its memory", (t) => {
  const folder = temporaryFolder(t);
  const { hub, size } = writeHugeFolder(join(folder, "hub"));
  const script = fileURLToPath(new URL("../fixtures/pack/measure-pack.ts", import.meta.url));
  const printed = execFileSync(process.execPath, [script, hub, join(folder, "out")], { encoding: "utf8" });
  const { bytes, packed } = JSON.parse(printed) as { bytes: number; packed: number };
  assert.ok(size > 500e6 && packed > 140e6);
  assert.ok(bytes > 20e6 && bytes < 350e6, `${bytes} bytes were held for a file of ${size}`);
});

test("qwen-edge pack ends on Ctrl-C with one line, and leaves nothing behind", async (t) => {
  const folder = temporaryFolder(t);
  const { hub } = writeHugeFolder(join(folder, "hub"));
  const child = spawn(process.execPath, [CLI, "pack", hub, "--out", join(folder, "out")]);
  t.after(() => child.kill("SIGKILL"));
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const closed = new Promise<number | null>((resolve) => child.on("close", resolve));
  while (!readdirSync(folder).some((name) => name.includes(".packing-"))) {
    assert.equal(child.exitCode, null, stderr);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  child.kill("SIGINT");
  assert.equal(await closed, 1);
  assert.equal(stderr, "Interrupted; nothing was kept\n");
  assert.deepEqual(readdirSync(folder), ["hub"]);
});
