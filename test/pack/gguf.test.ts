import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openGguf } from "../../scripts/pack/gguf.ts";
import { openGgufSource } from "../../scripts/pack/gguf-source.ts";
import { writeGguf } from "../../scripts/pack/gguf-write.ts";
import { checkTensors } from "../../scripts/pack/source.ts";
import { ModelFileError } from "../../src/errors.ts";
import { makeRandom, TINY, temporaryFolder } from "./model.ts";

const tensor = { name: "a", type: "F32", shape: [2, 3], bytes: new Uint8Array(24).fill(7) };
const small = () => writeGguf({ "general.architecture": "qwen2", n: 5 }, [tensor]);

function open(t: TestContext, bytes: Uint8Array) {
  const path = join(temporaryFolder(t), "model.gguf");
  writeFileSync(path, bytes);
  const gguf = openGguf(path);
  t.after(() => gguf.file.close());
  return gguf;
}

/** Opening fails with one line that matches. */
function refuses(t: TestContext, bytes: Uint8Array, message: RegExp): void {
  assert.throws(
    () => open(t, bytes),
    (error) => error instanceof ModelFileError && message.test(error.message) && !error.message.includes("\n"),
  );
}

/** The file with `patch` applied to a view of it. */
function patched(patch: (view: DataView, bytes: Uint8Array) => void, bytes = small()): Uint8Array {
  patch(new DataView(bytes.buffer), bytes);
  return bytes;
}
/** Where a string stands in a file. */
const find = (bytes: Uint8Array, text: string): number => Buffer.from(bytes.buffer).indexOf(text);

test("openGguf() reads what writeGguf() wrote", (t) => {
  const metadata = {
    text: "é",
    yes: true,
    n: 4_000_000_000,
    x: { f32: 0.1 },
    list: ["a", "", "c"],
    ids: [1, -2, 3],
    none: [] as string[],
  };
  const q8 = { name: "b", type: "Q8_0", shape: [4, 64], bytes: Uint8Array.from({ length: 272 }, (_, i) => i) };
  const gguf = open(t, writeGguf(metadata, [tensor, q8]));
  assert.deepEqual(Object.fromEntries(gguf.metadata), { ...metadata, x: Math.fround(0.1) });
  const [a, b] = [...gguf.tensors.values()];
  assert.deepEqual([a!.name, a!.type.name, a!.shape, a!.bytes], ["a", "F32", [2, 3], 24]);
  assert.deepEqual([b!.name, b!.type.name, b!.shape, b!.bytes], ["b", "Q8_0", [4, 64], 272]);
  assert.deepEqual(gguf.file.read(a!.offset, 24), tensor.bytes);
  assert.deepEqual(gguf.file.read(b!.offset, 272), q8.bytes);
});

test("openGguf() reads version 2", (t) => {
  assert.equal(
    open(
      t,
      patched((view) => view.setUint32(4, 2, true)),
    ).version,
    2,
  );
});

test("openGguf() refuses what is no GGUF file", (t) => {
  refuses(t, new Uint8Array(0), /does not start with "GGUF"/);
  refuses(t, new Uint8Array(1000), /does not start with "GGUF"/);
  refuses(
    t,
    patched((view) => view.setUint32(4, 1, true)),
    /version 1; versions 2 and 3/,
  );
  refuses(
    t,
    patched((view) => view.setUint32(4, 3)),
    /version 50331648/,
  ); // big-endian
  assert.throws(() => openGguf("/nonexistent/model.gguf"), /cannot be opened \(ENOENT\)/);
  assert.throws(() => openGguf("/"), ModelFileError);
});

test("openGguf() refuses counts that no file can have, before using them", (t) => {
  refuses(
    t,
    patched((view) => view.setBigUint64(8, 2n ** 60n, true)),
    /claims 1152921504606846976 tensors/,
  );
  refuses(
    t,
    patched((view) => view.setBigUint64(16, 2n ** 64n - 1n, true)),
    /claims 18446744073709551615 metadata keys/,
  );
  refuses(
    t,
    patched((view) => view.setBigUint64(24, 2n ** 62n, true)),
    /bytes in a string/,
  );
  const list = writeGguf({ list: ["x"] }, []);
  const length = find(list, "list") + 4 + 4 + 4;
  refuses(
    t,
    patched((view) => view.setBigUint64(length, 2n ** 40n, true), list.slice()),
    /elements in "list"/,
  );
  refuses(
    t,
    patched((view) => view.setBigUint64(length, 4_000_000n, true), list.slice()),
    /truncated/,
  );
});

test("openGguf() refuses a file that ends early, at any byte", (t) => {
  const whole = small();
  for (let bytes = 4; bytes < whole.length - 8; bytes += 5) refuses(t, whole.subarray(0, bytes), /truncated|"GGUF"/);
});

test("openGguf() refuses tensors that cannot be", (t) => {
  const name = find(small(), "a\u0002") + 1; // the name "a", then the number of dimensions
  refuses(
    t,
    patched((view) => view.setUint32(name, 9, true)),
    /"a" has 9 dimensions/,
  );
  refuses(
    t,
    patched((view) => view.setBigUint64(name + 4, 2n ** 50n, true)),
    /elements in a row of "a"/,
  );
  refuses(
    t,
    patched((view) => view.setBigUint64(name + 4, 0n, true)),
    /"a" has the size/,
  );
  refuses(
    t,
    patched((view) => view.setUint32(name + 20, 23, true)),
    /"a" has the type 23, which is not read here/,
  );
  refuses(
    t,
    patched((view) => view.setUint32(name + 20, 8, true)),
    /"a" has rows of 3, no multiple of Q8_0's 32/,
  );
  refuses(
    t,
    patched((view) => view.setBigUint64(name + 24, 31n, true)),
    /no multiple of the alignment/,
  );
  refuses(
    t,
    patched((view) => view.setBigUint64(name + 24, 3200n, true)),
    /"a" ends at byte \d+, but the file has/,
  );
  refuses(t, writeGguf({}, [tensor, tensor]), /holds "a" twice/);
  refuses(t, writeGguf({ "general.alignment": 0 }, []), /general.alignment is 0/);
});

test("openGguf() refuses unknown metadata types and repeated keys", (t) => {
  const bytes = writeGguf({ key1: 1, key2: 2 }, []);
  refuses(
    t,
    patched((view) => view.setUint32(find(bytes, "key1") + 4, 77, true), bytes.slice()),
    /unknown type 77/,
  );
  refuses(
    t,
    patched((_view, b) => b.set([0x31], find(bytes, "key2") + 3), bytes.slice()),
    /"key1" twice/,
  );
});

test("a GGUF with damaged bytes in its header is refused in one line, or read", (t) => {
  const path = join(temporaryFolder(t), "model.gguf");
  const whole = readFileSync(TINY);
  const random = makeRandom(5);
  const header = 38_000; // metadata and directory
  let refused = 0;
  for (let run = 0; run < 250; run++) {
    const bytes = Uint8Array.from(whole);
    // Half of the runs hit the counts and keys at the front, or the directory at the end of the header.
    const [first, range] = [
      [0, header],
      [0, 900],
      [header - 2_000, 2_000],
    ][run % 3] as [number, number];
    for (let i = 0; i <= run % 4; i++)
      bytes[first + Math.floor(range * Math.abs(random()))] = Math.floor(256 * Math.abs(random()));
    writeFileSync(path, bytes);
    try {
      const source = openGgufSource(path);
      source.close();
      checkTensors(source);
      source.tokenizer();
    } catch (error) {
      assert.ok(error instanceof ModelFileError, `run ${run}: ${String(error)}`);
      assert.ok(error.message.length < 2_000 && !error.message.includes("\n"), error.message);
      refused++;
    }
  }
  assert.ok(refused > 100, `${refused}`);
});

test("openGguf() opens the tiny model by its header alone", (t) => {
  const gguf = openGguf(TINY);
  t.after(() => gguf.file.close());
  assert.equal(gguf.tensors.size, 26);
  assert.equal(gguf.metadata.get("general.license"), "apache-2.0");
});
