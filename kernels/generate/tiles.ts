// Prints build/generated/tiles.ts: the inner loops of matmul, unrolled, in AssemblyScript. The compiler neither unrolls
// nor keeps arrays in registers, so every sum is a local of its own; nobody edits or reads that file.
// Owns: the shape of a tile (row groups x tokens) and the order of its loads and dots. The arithmetic of one step is in
// assembly/dot.ts, the bytes that a tile walks over in docs/format.md and abi.ts. Must not know: what is multiplied.
//
// Operands share few locals (p: packed weights, v: one plane's step, x: activations) which are assigned again and again:
// no optimizer may move a dot past the next assignment of what it reads, so the order printed here is the order that runs.

import { ACTIVATION_BLOCK_BYTES } from "../abi.ts";
import { FORMATS, WEIGHT_FORMATS, type WeightFormat } from "../formats.ts";
import { type Lines, range, text } from "./lines.ts";

/** One function of the printed file: `groups` row groups (4 rows each) times `tokens` tokens, along all of K. */
export interface Tile {
  readonly format: WeightFormat;
  readonly groups: number;
  readonly tokens: number;
  /** "packed": weights as in the file, one stream for each group; "panel": unpacked, PANEL_PLANES side by side. */
  readonly source: "packed" | "panel";
}

/** A plane of nibbles of one row group: what a token's activations are multiplied with to give one vector of sums. */
interface Plane {
  readonly group: number;
  /** 0; of two planes: 0 high, 1 low. */
  readonly index: number;
}

/** Planes of a panel: of two row groups, or both of one. With 6 tokens 12 sums, which with their operands fill 16 registers. */
const PANEL_PLANES = 2;

/** Row groups whose planes fill a panel. */
export function panelGroups(format: WeightFormat): number {
  return PANEL_PLANES / planesOf(format);
}

/** Every tile of a format. Each keeps its sums and operands in 16 registers (README.md: spills). */
export function tilesOf(format: WeightFormat, source: Tile["source"]): readonly Tile[] {
  const tile = { format, source, groups: panelGroups(format) };
  const tiles = range(source === "panel" ? 6 : 4).map((t) => ({ ...tile, tokens: t + 1 }));
  return source === "panel" ? tiles : [{ ...tile, tokens: 1, groups: 4 }, ...tiles];
}

/** Steps of 4 columns in a block; two steps share a packed vector. */
const STEPS = 8;
const VECTOR = 16;
/** Bytes of a plane of a block in the packed matrix. */
const PLANE_BYTES = 64;
/** Bytes of a block of a panel: for each step its planes, then for each plane 4 scales. */
const PANEL_BLOCK_BYTES = (STEPS + 1) * PANEL_PLANES * VECTOR;

/** The text of build/generated/tiles.ts. */
export function generateTiles(): string {
  return text([
    "// Printed by kernels/generate/tiles.ts.",
    "import * as dot from '../../kernels/assembly/dot';",
    unpackFunction(),
    WEIGHT_FORMATS.flatMap((format) => [...tilesOf(format, "packed"), ...tilesOf(format, "panel")]).map(tileFunction),
  ]);
}

/**
 * sums (tokens, groups) of f32x4 = W x over `blocks` blocks. `w0` is the panel, or the first stream with the others
 * `apart` bytes apart. The sums stay in memory between blocks, but for keepsSums: as locals they would push dots
 * out of registers.
 */
function tileFunction(tile: Tile): Lines {
  const { format, groups, tokens, source } = tile;
  const streams = range(source === "packed" ? groups : 1);
  return [
    `export function ${tileName(tile)}(sums: usize, x: usize, w0: usize, ${streams.length > 1 ? "apart: usize, " : ""}blocks: i32): void {`,
    source === "packed" ? "const mask = dot.nibbleMask();" : [],
    ["p0", "p1", "v0", "v1", "x0", "x1", "x2", "x3"].map((name) => `let ${name} = i32x4.splat(0);`),
    streams.slice(1).map((g) => `let w${g} = w${g - 1} + apart;`),
    range(tokens * groups).map((cell) =>
      keepsSums(tile) ? `let f${cell} = i32x4.splat(0);` : `v128.store(sums, i32x4.splat(0), ${cell * VECTOR});`,
    ),
    "for (let b = 0; b < blocks; b++) {",
    source === "panel" ? range(STEPS).map((step) => panelStep(tile, step)) : [],
    source === "packed" ? range(STEPS / 2).map((pair) => packedSteps(tile, 2 * pair)) : [],
    flush(tile),
    `x += ${ACTIVATION_BLOCK_BYTES * tokens};`,
    streams.map((g) => `w${g} += ${source === "packed" ? FORMATS[format].blockBytes : PANEL_BLOCK_BYTES};`),
    "}",
    keepsSums(tile) ? range(groups).map((g) => `v128.store(sums, f${g}, ${g * VECTOR});`) : [],
    "}",
  ];
}

/** One step of a panel: its planes are loaded once for all tokens, each token's 4 columns once for all planes. */
function panelStep(tile: Tile, step: number): Lines {
  const planes = planesOfTile(tile);
  // The i16 dot leaves time for shuffles, and one load for 4 tokens is one bounds check instead of 4.
  const shuffled = tile.tokens === 4;
  return [
    planes.map((_, p) => `v${p} = v128.load(w0, ${(step * PANEL_PLANES + p) * VECTOR});`),
    shuffled ? `if (DOT == 16) x1 = v128.load(x, ${columnsAt(tile, step, 0)});` : [],
    range(tile.tokens).map((t) => [
      shuffled
        ? `x0 = DOT == 16 ? v128.shuffle<i32>(x1, x1, ${t}, ${t}, ${t}, ${t}) : ${columns(tile, step, t)};`
        : `x0 = ${columns(tile, step, t)};`,
      planes.map((plane, p) => addDot(plane, step, t, "x0", `v${p}`)),
    ]),
  ];
}

/**
 * Two steps of packed planes: low and high nibbles of one vector each. For a token or two the activations of both steps
 * wait while plane follows plane; for more, the planes' vectors wait while token follows token.
 */
function packedSteps(tile: Tile, step: number): Lines {
  const planes = planesOfTile(tile);
  const tokens = range(tile.tokens);
  const load = ({ group, index }: Plane) => `v128.load(w${group}, ${index * PLANE_BYTES + (step / 2) * VECTOR})`;
  if (tile.tokens <= 2) {
    return [
      tokens.map((t) => [0, 1].map((half) => `x${2 * t + half} = ${columns(tile, step + half, t)};`)),
      planes.map((plane) => [
        `p0 = ${load(plane)};`,
        "v0 = dot.lowNibbles(p0, mask);",
        tokens.map((t) => addDot(plane, step, t, `x${2 * t}`, "v0")),
        "v0 = dot.highNibbles(p0, mask);",
        tokens.map((t) => addDot(plane, step + 1, t, `x${2 * t + 1}`, "v0")),
      ]),
    ];
  }
  return [
    planes.map((plane, p) => `p${p} = ${load(plane)};`),
    ["low", "high"].map((name, half) => [
      planes.map((_, p) => `v${p} = dot.${name}Nibbles(p${p}, mask);`),
      tokens.map((t) => [
        `x0 = ${columns(tile, step + half, t)};`,
        planes.map((plane, p) => addDot(plane, step + half, t, "x0", `v${p}`)),
      ]),
    ]),
  ];
}

/** Token t's 4 columns of a step, four times over. */
function columns(tile: Tile, step: number, t: number): string {
  return `v128.load32_splat(x, ${columnsAt(tile, step, t)})`;
}

/** Where they lie in the block. */
function columnsAt({ tokens }: Tile, step: number, t: number): number {
  return (4 + 4 * step) * tokens + 4 * t;
}

/** sum += x · w. The first step of a block begins at the token's start value, that of a low plane at zero. */
function addDot(plane: Plane, step: number, t: number, x: string, w: string): string {
  const sum = sumOf(plane, t);
  if (step > 0) return `${sum} = dot.add(${x}, ${w}, ${sum});`;
  const start = plane.index === 0 ? startOf(t) : "i32x4.splat(0)";
  return `let ${sum} = DOT == 16 ? dot.multiply(${x}, ${w}) : dot.add(${x}, ${w}, ${start});`;
}

/** sums += f32(integers) · (scale of w · scale of x). */
function flush(tile: Tile): Lines {
  const { format, groups, tokens, source } = tile;
  const cells = range(tokens).flatMap((t) => range(groups).map((g) => ({ t, g })));
  const high = ({ t, g }: { t: number; g: number }) => sumOf({ group: g, index: 0 }, t);
  const low = ({ t, g }: { t: number; g: number }) => sumOf({ group: g, index: 1 }, t);
  const weightScale = (g: number) =>
    source === "packed"
      ? `dot.bf16x4(v128.load16x4_u(w${g}, ${FORMATS[format].blockBytes - 8}))`
      : `v128.load(w0, ${(STEPS * PANEL_PLANES + (g + 1) * planesOf(format) - 1) * VECTOR})`;
  return [
    "p0 = DOT == 16 ? dot.ones() : i32x4.splat(0);",
    planesOf(format) === 2 ? "p1 = DOT == 16 ? dot.sixteens() : i32x4.splat(0);" : [],
    range(tokens).map((t) => [
      `x0 = DOT == 16 ? ${startOf(t)} : i32x4.splat(0);`,
      cells
        .filter((cell) => cell.t === t)
        .map((cell) =>
          planesOf(format) === 2
            ? `${high(cell)} = dot.join(${high(cell)}, ${low(cell)}, x0, p0, p1);`
            : `${high(cell)} = dot.close(${high(cell)}, x0, p0);`,
        ),
    ]),
    source === "packed" ? range(groups).map((g) => `const s${g} = ${weightScale(g)};`) : [],
    cells.map((cell, i) => [
      cell.g === 0 ? `x0 = v128.load32_splat(x, ${36 * tokens + 4 * cell.t});` : [],
      keepsSums(tile)
        ? `f${i} = dot.accumulate(f${i}, ${high(cell)}, s${cell.g}, x0);`
        : [
            `v0 = dot.accumulate(v128.load(sums, ${i * VECTOR}), ${high(cell)}, ${source === "packed" ? `s${cell.g}` : weightScale(cell.g)}, x0);`,
            `v128.store(sums, v0, ${i * VECTOR});`,
          ],
    ]),
  ];
}

/** One plane of a panel: nibbles become bytes, scales f32. `panel` points at the plane's place in the first block. */
function unpackFunction(): Lines {
  return [
    "export function unpack(panel: usize, w: usize, blockBytes: usize, blocks: i32): void {",
    "const mask = dot.nibbleMask();",
    "for (let b = 0; b < blocks; b++) {",
    range(STEPS / 2).map((pair) => [
      `const p${pair} = v128.load(w, ${pair * VECTOR});`,
      `v128.store(panel, dot.lowNibbles(p${pair}, mask), ${2 * pair * PANEL_PLANES * VECTOR});`,
      `v128.store(panel, dot.highNibbles(p${pair}, mask), ${(2 * pair + 1) * PANEL_PLANES * VECTOR});`,
    ]),
    // In the file scales follow a group's last plane. What comes of a high plane here is not read.
    `v128.store(panel, dot.bf16x4(v128.load16x4_u(w, ${PLANE_BYTES})), ${STEPS * PANEL_PLANES * VECTOR});`,
    `panel += ${PANEL_BLOCK_BYTES};`,
    "w += blockBytes;",
    "}",
    "}",
  ];
}

/** One token and one plane leave registers for its sums: 4 of integers, 4 of floats, 5 for what they are made of. */
function keepsSums({ format, tokens, source }: Tile): boolean {
  return planesOf(format) === 1 && tokens === 1 && source === "packed";
}

function planesOf(format: WeightFormat): number {
  return FORMATS[format].planes;
}

function planesOfTile({ format, groups }: Tile): Plane[] {
  return range(groups).flatMap((group) => range(planesOf(format)).map((index) => ({ group, index })));
}

function sumOf({ group, index }: Plane, t: number): string {
  return `a${t}_${group}_${index}`;
}

export function tileName({ format, groups, tokens, source }: Tile): string {
  return `${source}_${format}_${groups}x${tokens}`;
}

/** Where the sums of token t start. */
function startOf(t: number): string {
  return `v128.load32_splat(x, ${4 * t})`;
}
