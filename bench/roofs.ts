// The machine's own limits: WebAssembly loops that only load, over one to eight streams of memory at once, and loops that
// only multiply, in registers, as each variant of the kernels does.
// Owns their AssemblyScript source and compiles it. Takes nothing; gives a module's bytes, whose exports are read1 to
// read8 (from, bytes), which go over `bytes` of the imported memory, and multiply_i32, _i16 and _plain (turns), with
// macs_i32, _i16 and _plain (), the multiply-accumulates of one turn.
// Must not know: models, timing.

import asc from "assemblyscript/asc";

const STREAMS = [1, 2, 4, 8];
/** Sums in registers: enough to hide the latency of a dot, and with two operands no more than there are registers. */
const SUMS = 12;
/** Dots of each sum in one turn of a multiply loop. */
const UNROLL = 2;

// A sum is an operand of its own next dot: nothing can be computed once for all turns.
const DOTS = {
  i32: (sum: string) => `i32x4.relaxed_dot_i8x16_i7x16_add_s(x, w, ${sum})`,
  i16: (sum: string) => `i16x8.add(${sum}, i16x8.relaxed_dot_i8x16_i7x16_s(${sum}, w))`,
  plain: (sum: string) => `i32x4.add(${sum}, i32x4.dot_i16x8_s(${sum}, w))`,
} as const;
/** Products of one dot. */
const PRODUCTS = { i32: 16, i16: 16, plain: 8 } as const;

/** Four loads of 16 bytes from each stream, each stream in its own part of the range. */
function readSource(streams: number): string {
  const loads = Array.from({ length: streams * 4 }, (_, i) => {
    const stream = Math.floor(i / 4);
    return `    s${i % 4} = i32x4.add(s${i % 4}, v128.load(p + ${stream} * part, ${(i % 4) * 16}));`;
  });
  return `
export function read${streams}(from: usize, bytes: usize): i32 {
  const part = bytes / ${streams} & ~63;
  let s0 = i32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (let p = from, end = from + part; p < end; p += 64) {
${loads.join("\n")}
  }
  return i32x4.extract_lane(i32x4.add(i32x4.add(s0, s1), i32x4.add(s2, s3)), 0);
}`;
}

function multiplySource(variant: keyof typeof DOTS): string {
  const sums = Array.from({ length: SUMS }, (_, i) => `s${i}`);
  const dots = Array.from({ length: UNROLL }, () => sums.map((sum) => `    ${sum} = ${DOTS[variant](sum)};`)).flat();
  return `
export function multiply_${variant}(turns: i32): i32 {
  const x = i8x16.splat(<i8>turns), w = i8x16.splat(<i8>(turns >> 8 & 127));
  let ${sums.map((sum, i) => `${sum} = i32x4.splat(turns + ${i})`).join(", ")};
  for (let turn = 0; turn < turns; turn++) {
${dots.join("\n")}
  }
  return i32x4.extract_lane(${sums.reduce((all, sum) => `v128.xor(${all}, ${sum})`)}, 0);
}
export function macs_${variant}(): i32 {
  return ${SUMS * UNROLL * PRODUCTS[variant]};
}`;
}

/** Compiles the loops. @throws with the compiler's messages */
export async function compileRoofs(): Promise<Uint8Array> {
  const variants = Object.keys(DOTS) as (keyof typeof DOTS)[];
  const source = [...STREAMS.map(readSource), ...variants.map(multiplySource)].join("\n");
  const { error, binary, stderr } = await asc.compileString(source, {
    optimizeLevel: 2,
    shrinkLevel: 0,
    runtime: "stub",
    importMemory: true,
    noExportMemory: true,
    initialMemory: 2,
    enable: ["simd", "relaxed-simd"],
  });
  if (error || binary === null) throw new Error(`AssemblyScript could not compile the roofs:\n${stderr}`);
  return binary;
}
