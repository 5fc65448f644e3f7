// The read roof: a WebAssembly loop that only loads, over one, two or four streams of memory at once.
// Owns its AssemblyScript source and compiles it. Takes nothing; gives a module's bytes whose exports read1, read2 and
// read4 (from, bytes) go over `bytes` of the imported memory. Must not know: models, timing.

import asc from "assemblyscript/asc";

export const STREAMS = [1, 2, 4] as const;

/** One loop: four loads of 16 bytes from each stream, each stream in its own part of the range. */
function source(streams: number): string {
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

/** Compiles the loops. @throws with the compiler's messages */
export async function compileReadLoop(): Promise<Uint8Array> {
  const { error, binary, stderr } = await asc.compileString(STREAMS.map(source).join("\n"), {
    optimizeLevel: 2,
    shrinkLevel: 0,
    runtime: "stub",
    importMemory: true,
    noExportMemory: true,
    initialMemory: 2,
    enable: ["simd"],
  });
  if (error || binary === null) throw new Error(`AssemblyScript could not compile the read loop:\n${stderr}`);
  return binary;
}
