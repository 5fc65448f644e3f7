// What the build makes: the pinned compiler's output, the shape of the hot loops, and constants that exist twice.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import binaryen from "binaryen";
import { ACTIVATION_BLOCK_BYTES, BLOCK, BLOCK_BYTES, KERNEL_BYTES, ROW_GROUP } from "../../kernels/abi.ts";
import { build, moduleHashes, modulePath, RECORD } from "../../kernels/build.ts";

await build();

test("build() does nothing when nothing changed", async () => {
  assert.equal(await build(), false);
});

test("the built modules are those that kernels.sha256 records", () => {
  const remedy = "after a wanted change of kernels or compiler: node kernels/build.ts --record";
  assert.equal(moduleHashes(), readFileSync(RECORD, "utf8"), remedy);
});

// Binaryen's stronger passes nest the dots of one sum into one expression. All loads then come first and spill, and half
// of the speed is gone. Only a block's last of 8 steps may go unset, straight into its conversion to float.
for (const variant of ["i32", "i16"]) {
  test(`in every tile of kernels-${variant} each dot's sum is set before the next dot`, () => {
    const module = binaryen.readBinary(readFileSync(modulePath(`kernels-${variant}`)));
    const text = module.emitStackIR();
    module.dispose();
    const names = new Map(
      [...text.matchAll(/\(export "(\w+)" \(func (\$\w+)\)\)/g)].map(([, name, id]) => [id, name!]),
    );
    const tiles = text
      .split(/^ \(func /m)
      .map((body) => ({ name: names.get(body.split(" ", 1)[0]) ?? "", body }))
      .filter(({ name }) => /^(packed|panel)_/.test(name));
    assert.equal(tiles.length, 22);
    for (const { name, body } of tiles) {
      const [, ...afterDots] = body.split(/relaxed_dot_i8x16_i7x16\w*\n/);
      const unset = afterDots.slice(0, -1).filter((instructions) => !instructions.includes("local.set"));
      assert.ok(afterDots.length >= 16, `${name} has dots`);
      assert.ok(unset.length * 8 <= afterDots.length, `${name} nests ${unset.length} of ${afterDots.length} dots`);
    }
  });
}

test("a kernel module keeps to its part of the memory when it starts", async () => {
  for (const variant of ["i32", "i16", "plain"]) {
    const memory = new WebAssembly.Memory({ initial: 4 });
    await WebAssembly.instantiate(readFileSync(modulePath(`kernels-${variant}`)), { env: { memory } });
    assert.ok(new Uint8Array(memory.buffer, KERNEL_BYTES).every((byte) => byte === 0));
  }
});

test("layout.ts has the numbers of abi.ts", () => {
  const path = fileURLToPath(new URL("../../kernels/assembly/layout.ts", import.meta.url));
  const constants = Object.fromEntries(
    [...readFileSync(path, "utf8").matchAll(/^export const (\w+): i32 = (\d+);$/gm)].map(([, name, value]) => [
      name,
      Number(value),
    ]),
  );
  assert.deepEqual(constants, {
    BLOCK,
    ROW_GROUP,
    VECTOR: 16,
    PLANE_BYTES: (ROW_GROUP * BLOCK) / 2,
    Q4_BLOCK_BYTES: BLOCK_BYTES.q4,
    Q8_BLOCK_BYTES: BLOCK_BYTES.q8,
    ACTIVATION_BLOCK_BYTES,
  });
});
