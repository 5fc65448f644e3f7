import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import asc from "assemblyscript/asc";
import { exp } from "../../kernels/reference/exp.ts";
import { HARD } from "./pair.ts";

const f32 = new Float32Array(1);
const bits = new Uint32Array(f32.buffer);
const ofBits = (value: number) => {
  bits[0] = value;
  return f32[0]!;
};
const bitsOf = (value: number) => {
  f32[0] = value;
  return bits[0]!;
};

/** Floats from all over: one in 4,099 of all bit patterns, dense ones where e^x is neither, and the edges. */
const SAMPLE = [
  ...Array.from({ length: 2 ** 20 }, (_, i) => ofBits(i * 4_099)),
  ...Array.from({ length: 2 ** 18 }, (_, i) => Math.fround(-88 + (i * 177) / 2 ** 18)),
  ...[-86.64339447021484, 88.72283172607422].flatMap((edge) => [-1, 0, 1].map((step) => ofBits(bitsOf(edge) + step))),
  ...HARD,
];

test("exp() is within 1 ulp of e^x, 0 below 2^-125 and infinity above the finite numbers", () => {
  let worst = 0;
  for (const x of SAMPLE) {
    const got = exp(x);
    if (Number.isNaN(x)) assert.ok(Number.isNaN(got));
    else if (x < -86.64339447021484) assert.equal(got, 0);
    else if (x > 88.72283172607422) assert.equal(got, Number.POSITIVE_INFINITY);
    else {
      const exact = Math.exp(x);
      worst = Math.max(worst, Math.abs(got - exact) / 2 ** (Math.floor(Math.log2(exact)) - 23));
    }
  }
  assert.ok(worst < 1, `${worst} ulp`);
  assert.equal(exp(0), 1);
  assert.equal(exp(Number.NEGATIVE_INFINITY), 0);
});

test("exp4() of the kernels has the bits of the reference, all over", async () => {
  const run = `
    import { exp4 } from "./exp";
    export function run(at: usize, n: usize): void {
      for (const end = at + n * 4; at < end; at += 16) v128.store(at, exp4(v128.load(at)));
    }`;
  const exp4 = readFileSync(new URL("../../kernels/assembly/exp.ts", import.meta.url), "utf8");
  const { binary, error, stderr } = await asc.compileString(
    { "input.ts": run, "exp.ts": exp4 },
    { optimizeLevel: 2, runtime: "stub", noAssert: true, enable: ["simd"], use: ["abort="] },
  );
  assert.ok(!error && binary, stderr.toString());
  const { instance } = await WebAssembly.instantiate(Uint8Array.from(binary));
  const kernel = instance.exports as unknown as { memory: WebAssembly.Memory; run(at: number, n: number): void };

  const n = Math.ceil(SAMPLE.length / 4) * 4;
  kernel.memory.grow(Math.ceil((n * 4) / 65_536));
  const at = 65_536;
  const numbers = new Float32Array(kernel.memory.buffer, at, n);
  numbers.set(SAMPLE);
  kernel.run(at, n);
  const words = new Uint32Array(kernel.memory.buffer, at, n);
  const wrong = SAMPLE.findIndex((x, i) => !Number.isNaN(x) && words[i] !== bitsOf(exp(x)));
  assert.equal(wrong, -1, `exp(${SAMPLE[wrong]}) is ${numbers[wrong]} in Wasm`);
});
