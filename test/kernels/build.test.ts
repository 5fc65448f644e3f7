// What the build makes: the pinned compiler's output, the shape of the hot loops, and constants that exist twice.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import binaryen from "binaryen";
import { ACTIVATION_BLOCK_BYTES, BLOCK, KERNEL_BYTES, ROW_GROUP } from "../../kernels/abi.ts";
import { build, moduleHashes, modulePath, RECORD } from "../../kernels/build.ts";
import { WEIGHT_FORMATS } from "../../kernels/formats.ts";

await build();

test("build() does nothing when nothing changed", async () => {
  assert.equal(await build(), false);
});

test("the built modules are those that kernels.sha256 records", () => {
  const remedy = "after a wanted change of kernels or compiler: node kernels/build.ts --record";
  assert.equal(moduleHashes(), readFileSync(RECORD, "utf8"), remedy);
});

const DOT = /relaxed_dot_i8x16_i7x16\w*\n/;
const PAIR = /i32x4\.dot_i16x8_s\n/;
const FLOAT = /f32x4\.mul\n/;

/** The functions of a built module as text; without a name those that are not exported. */
function functions(variant: string): { name: string | undefined; body: string }[] {
  const module = binaryen.readBinary(readFileSync(modulePath(`kernels-${variant}`)));
  const text = module.emitStackIR();
  module.dispose();
  const names = new Map([...text.matchAll(/\(export "(\w+)" \(func (\$\w+)\)\)/g)].map(([, name, id]) => [id, name!]));
  const [, ...bodies] = text.split(/^ \(func /m);
  return bodies.map((body) => ({ name: names.get(body.split(" ", 1)[0]!), body }));
}

/** How many products of a kind a function has, and after how many of them no sum is set before the next. */
function nesting(body: string, product: RegExp): { count: number; unset: number } {
  const [, ...after] = body.split(product);
  return {
    count: after.length,
    unset: after.slice(0, -1).filter((instructions) => !instructions.includes("local.set")).length,
  };
}

// Binaryen's stronger passes nest the products of one sum into one expression. All loads then come first and spill, and half
// of the speed is gone.
for (const variant of ["i32", "i16"]) {
  // Only a block's last of 8 steps may go unset, straight into its conversion to float.
  test(`in every tile of matmul in kernels-${variant} each dot's sum is set before the next dot`, () => {
    const tiles = functions(variant).filter(({ name }) => /^(packed|panel)_/.test(name ?? ""));
    assert.equal(tiles.length, 11 * WEIGHT_FORMATS.length);
    for (const { name, body } of tiles) {
      const { count, unset } = nesting(body, DOT);
      assert.ok(count >= 16, `${name} has dots`);
      assert.ok(unset * 8 <= count, `${name} nests ${unset} of ${count} dots`);
    }
  });

  // These are not exported, so their products tell them: 8 a row in a tile of integers, 16 in one of floats. Those of one row
  // of integers lie in attention_q8's own loop.
  test(`in every tile of attention in kernels-${variant} each product's sum is set before the next product`, () => {
    const unnamed = functions(variant)
      .filter(({ name }) => name === undefined)
      .map(({ body }) => ({ dots: nesting(body, DOT), pairs: nesting(body, PAIR), floats: nesting(body, FLOAT) }));
    const quads = unnamed.filter(({ dots }) => dots.count > 0);
    const pairs = unnamed.filter(({ dots, pairs }) => dots.count === 0 && pairs.count > 0);
    const others = unnamed.filter(({ dots, pairs }) => dots.count + pairs.count === 0);
    const floats = others.filter(({ floats }) => floats.count > 0 && floats.count % 16 === 0);
    const counts = (found: { count: number }[]) => found.map(({ count }) => count).sort((a, b) => a - b);
    assert.deepEqual(counts(quads.map(({ dots }) => dots)), [8, 16, 24, 32]);
    assert.deepEqual(counts(pairs.map(({ pairs }) => pairs)), [16, 24, 32]);
    assert.deepEqual(counts(floats.map(({ floats }) => floats)), [16, 32, 48, 64]);
    const products = [
      ...[...quads, ...pairs].flatMap(({ dots, pairs }) => [dots, pairs]),
      ...floats.map(({ floats }) => floats),
    ];
    for (const { count, unset } of products) assert.equal(unset, 0, `${unset} of ${count} products are nested`);
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
    SCALES_BYTES: 2 * ROW_GROUP,
    ACTIVATION_BLOCK_BYTES,
  });
});
