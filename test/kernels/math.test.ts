import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { ScalarMath } from "../../kernels/abi.ts";
import { build, modulePath } from "../../kernels/build.ts";
import { seeded } from "../fakes/random.ts";

await build();
const { instance } = await WebAssembly.instantiate(readFileSync(modulePath("math")));
const math = instance.exports as unknown as ScalarMath;

/** Distance in units of the last place of `expected`. */
function ulps(got: number, expected: number): number {
  if (Object.is(got, expected)) return 0;
  return Math.abs(got - expected) / 2 ** Math.max(-1074, Math.floor(Math.log2(Math.abs(expected))) - 52);
}

test("exp() and log() are within 1 ulp of the engine's, all over their ranges", () => {
  const next = seeded(3);
  for (let i = 0; i < 20_000; i++) {
    const x = next() * 1_400 - 700;
    assert.ok(ulps(math.exp(x), Math.exp(x)) <= 1, `exp(${x})`);
    const y = 2 ** (next() * 2_000 - 1_000);
    assert.ok(ulps(math.log(y), Math.log(y)) <= 1, `log(${y})`);
    const near = 0.5 + next(); // where log's result is small
    assert.ok(ulps(math.log(near), Math.log(near)) <= 1, `log(${near})`);
  }
});

test("exp() and log() keep the edges", () => {
  for (const x of [0, -0, 1_000, -1_000, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]) {
    assert.equal(math.exp(x), Math.exp(x), `exp(${x})`);
  }
  for (const x of [0, -0, 1, -1, Number.POSITIVE_INFINITY, Number.NaN]) {
    assert.equal(math.log(x), Math.log(x), `log(${x})`);
  }
  assert.ok(ulps(math.log(5e-324), Math.log(5e-324)) <= 1);
});

test("exp() and log() give the bits that every engine must give", () => {
  assert.equal(math.exp(1), Math.E);
  assert.equal(math.exp(-0.7), 0.4965853037914095);
  assert.equal(math.exp(-20.3), 1.5269401591266087e-9);
  assert.equal(math.log(10), Math.LN10);
  assert.equal(math.log(0.3), -1.2039728043259361);
  assert.equal(math.log(151_936), 11.931214658529285);
});
