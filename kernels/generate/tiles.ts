// Prints build/generated/tiles.ts: the inner loops of matmul, unrolled, in AssemblyScript. The compiler neither unrolls
// nor keeps arrays in registers, so every sum is a local of its own; nobody edits or reads that file.
// Owns: the shape of a tile (row groups x tokens) and the order of its loads and dots. The arithmetic of one step is in
// assembly/dot.ts, the bytes that a tile walks over in docs/format.md and abi.ts. Must not know: what is multiplied.

import { ACTIVATION_BLOCK_BYTES, BLOCK_BYTES, type WeightFormat } from "../abi.ts";

/** One function: `groups` row groups (4 rows each) times `tokens` tokens, along all of K. */
interface Tile {
  readonly format: WeightFormat;
  readonly groups: number;
  readonly tokens: number;
  /** "packed": weights as in the file, one stream for each group; "panel": two groups unpacked side by side. */
  readonly source: "packed" | "panel";
}

/** Streams of the product with one token: several far apart reach the memory's bandwidth, one does not. */
const STREAMS = 4;
const PANEL_GROUPS = 2;
/** Tokens of the largest tile that any variant has (assembly/layout.ts: TILE). */
const LARGEST_TILE = 6;
/** Steps of 4 columns in a block; two steps share a packed vector. */
const STEPS = 8;
const VECTOR = 16;
/** Bytes of a plane of 4 rows in the packed matrix. */
const PLANE = 64;

/** The text of build/generated/tiles.ts. */
export function generateTiles(): string {
  return text([
    "// Printed by kernels/generate/tiles.ts.",
    "import * as dot from '../../kernels/assembly/dot';",
    (["q4", "q8"] as const).flatMap((format) => [
      unpackFunction(format),
      tileFunction({ format, groups: STREAMS, tokens: 1, source: "packed" }),
      range(LARGEST_TILE).map((t) => tileFunction({ format, groups: PANEL_GROUPS, tokens: t + 1, source: "panel" })),
    ]),
  ]);
}

/**
 * sums (tokens, groups) of f32x4 = W x over `blocks` blocks. `w0` is the panel, or the first stream with the others
 * `stride` bytes apart. The sums stay in memory between blocks: as locals they would push dots out of registers.
 */
function tileFunction(tile: Tile): Lines {
  const { format, groups, tokens, source } = tile;
  const cells = range(tokens).flatMap((t) => range(groups).map((g) => ({ t, g, sum: `a${t}${g}`, high: `h${t}${g}` })));
  const streams = range(source === "packed" ? groups : 1);
  const weightScale = (g: number) =>
    source === "packed"
      ? `dot.bf16x4(v128.load16x4_u(w${g}, ${BLOCK_BYTES[format] - 8}))`
      : `v128.load(w0, ${panelBlockBytes(format) - 2 * VECTOR + g * VECTOR})`;
  return [
    `export function ${source}_${format}_${tokens}(sums: usize, x: usize, w0: usize, stride: usize, blocks: i32): void {`,
    source === "packed" ? "const mask = dot.nibbleMask();" : "",
    streams.slice(1).map((g) => `let w${g} = w${g - 1} + stride;`),
    cells.map((_, c) => `v128.store(sums, i32x4.splat(0), ${c * VECTOR});`),
    "for (let b = 0; b < blocks; b++) {",
    planeSteps(tile, "high"),
    format === "q8" ? cells.map(({ t, sum, high }) => `const ${high} = i32x4.shl(${close(sum, start(t))}, 4);`) : [],
    format === "q8" ? planeSteps(tile, "low") : [],
    range(groups).map((g) => `const s${g} = ${weightScale(g)};`),
    range(tokens).map((t) => `const y${t} = v128.load32_splat(x, ${36 * tokens + 4 * t});`),
    cells.map(({ t, g, sum, high }, c) => {
      const integers = close(sum, format === "q8" ? high : start(t));
      const at = c * VECTOR;
      return `v128.store(sums, dot.accumulate(v128.load(sums, ${at}), ${integers}, s${g}, y${t}), ${at});`;
    }),
    `x += ${ACTIVATION_BLOCK_BYTES * tokens};`,
    streams.map((g) => `w${g} += ${source === "packed" ? BLOCK_BYTES[format] : panelBlockBytes(format)};`),
    "}",
    "}",
  ];
}

/** The 8 steps of one plane. Weights are loaded once for all tokens, a token's 4 columns once for all groups. */
function planeSteps({ format, groups, tokens, source }: Tile, plane: "high" | "low"): Lines {
  const planeAt = plane === "low" ? (source === "packed" ? PLANE : 2 * PLANE * PANEL_GROUPS) : 0;
  return range(STEPS).map((step) => {
    const loadWeights = range(groups).map((g) => {
      const w = `w_${plane}${step}${g}`;
      if (source === "panel") return `const ${w} = v128.load(w0, ${planeAt + (step * PANEL_GROUPS + g) * VECTOR});`;
      const bytes = `p_${plane}${step >> 1}${g}`;
      return step % 2 === 0
        ? [
            `const ${bytes} = v128.load(w${g}, ${planeAt + (step >> 1) * VECTOR});`,
            `const ${w} = dot.lowNibbles(${bytes}, mask);`,
          ]
        : `const ${w} = dot.highNibbles(${bytes}, mask);`;
    });
    const multiply = range(tokens).map((t) => [
      `const x_${plane}${step}${t} = v128.load32_splat(x, ${(4 + 4 * step) * tokens + 4 * t});`,
      range(groups).map((g) => {
        const operands = `x_${plane}${step}${t}, w_${plane}${step}${g}`;
        if (step > 0) return `a${t}${g} = dot.add(${operands}, a${t}${g});`;
        const sum = plane === "high" ? `let a${t}${g}` : `a${t}${g}`;
        const begin = plane === "high" ? start(t) : `h${t}${g}`;
        return `${sum} = DOT == 16 ? dot.multiply(${operands}) : dot.add(${operands}, ${begin});`;
      }),
    ]);
    return [loadWeights, multiply];
  });
}

/** Where the sums of token t start. */
function start(t: number): string {
  return `v128.load32_splat(x, ${4 * t})`;
}

/** A plane's sums as i32, the start included. */
function close(sum: string, start: string): string {
  return `(DOT == 16 ? dot.widen(${sum}, ${start}) : ${sum})`;
}

/**
 * One row group of a panel: nibbles become bytes, bf16 scales f32. A block of the panel is, for each plane, 8 steps of
 * [2 groups][16 bytes], then the scales [2 groups][4 f32]; `panel` points at the group's place in the first.
 */
function unpackFunction(format: WeightFormat): Lines {
  const planes = format === "q8" ? 2 : 1;
  return [
    `export function unpack_${format}(panel: usize, w: usize, blocks: i32): void {`,
    "const mask = dot.nibbleMask();",
    "for (let b = 0; b < blocks; b++) {",
    range((planes * STEPS) / 2).map((v) => [
      `const p${v} = v128.load(w, ${v * VECTOR});`,
      `v128.store(panel, dot.lowNibbles(p${v}, mask), ${2 * v * PANEL_GROUPS * VECTOR});`,
      `v128.store(panel, dot.highNibbles(p${v}, mask), ${(2 * v + 1) * PANEL_GROUPS * VECTOR});`,
    ]),
    `v128.store(panel, dot.bf16x4(v128.load16x4_u(w, ${planes * PLANE})), ${planes * STEPS * PANEL_GROUPS * VECTOR});`,
    `panel += ${panelBlockBytes(format)};`,
    `w += ${BLOCK_BYTES[format]};`,
    "}",
    "}",
  ];
}

function panelBlockBytes(format: WeightFormat): number {
  const planes = format === "q8" ? 2 : 1;
  return (planes * STEPS + 1) * PANEL_GROUPS * VECTOR;
}

/** Lines of source, nested as they were made. */
type Lines = string | Lines[];

function text(lines: Lines): string {
  return typeof lines === "string" ? `${lines}\n` : lines.map(text).join("");
}

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
