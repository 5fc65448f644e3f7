// Prints build/generated/panels.ts: the inner loops of attention, unrolled, in AssemblyScript.
// Owns: the shape of a tile (rows x 8 lanes) and the order of its loads and products. How numbers lie in a page is kv.ts's
// and kv-q8.ts's. Must not know: positions, softmax.
//
// A tile is some rows of a times an octet, 8 lanes of a page's head. A row's factor is loaded into all lanes at every step:
// loads have ports of their own, while a shuffle would wait for those that multiply and add.

import { type Lines, range, text } from "./lines.ts";

/** Rows of a tile: two sums each, the octet's two halves and a factor in 16 registers. */
const ROWS = [1, 2, 3, 4];
/** Steps of a pass: of one number in f32, a pair in int16, four in int8. */
const STEPS = 4;
/** Bytes of a row that a step takes. */
const FACTOR = 4;
const VECTOR = 16;
/** Bytes from one row's state to the next: STATE of assembly/panels.ts. */
const STATE = 16;

/** The text of build/generated/panels.ts. */
export function generatePanels(): string {
  return text([
    "// Printed by kernels/generate/panels.ts.",
    "import { addDot, ones } from '../../kernels/assembly/dot';",
    "import { lowLanes, highLanes, octetAt } from '../../kernels/assembly/kv';",
    "import { putFloats, putIntegers } from '../../kernels/assembly/panels';",
    ROWS.map(floatTile),
    ROWS.map(pairTile),
    ROWS.map(quadTile),
  ]);
}

/** f32 rows and a head in bf16: K numbers, which need not be a multiple of STEPS; every sum has k in order. */
function floatTile(rows: number): Lines {
  const step = (n: number): Lines => [
    `p = v128.load(at, ${2 * VECTOR * n});`,
    "low = lowLanes(p);",
    "high = highLanes(p);",
    multiply(rows, n, (y, w, sum) => `f32x4.add(${sum}, f32x4.mul(${y}, ${w}))`),
  ];
  return tile("floats", rows, [
    "let at = head + octetAt(octet, height);",
    "let p = i32x4.splat(0);",
    `const whole = a + (K / ${STEPS}) * ${FACTOR * STEPS};`,
    "while (a0 < whole) {",
    range(STEPS).map(step),
    nextRows(rows),
    `at += ${2 * VECTOR * STEPS};`,
    "}",
    `const rest = K % ${STEPS};`,
    range(STEPS - 1).map((n) => [`if (rest > ${n}) {`, step(n), "}"]),
  ]);
}

/** int16 rows and a head in int8, two steps of a lane side by side; exact sums. K is a multiple of 8. */
function pairTile(rows: number): Lines {
  return tile("pairs", rows, [
    "let at = head + octet * height * 8;",
    "const whole = a + K * 2;",
    "while (a0 < whole) {",
    range(STEPS).map((step) => [
      `low = v128.load8x8_s(at, ${VECTOR * step});`,
      `high = v128.load8x8_s(at, ${VECTOR * step + 8});`,
      multiply(rows, step, (y, w, sum) => `i32x4.add(${sum}, i32x4.dot_i16x8_s(${y}, ${w}))`),
    ]),
    nextRows(rows),
    `at += ${VECTOR * STEPS};`,
    "}",
  ]);
}

/** Rows of 0 to 127 in int8 and a head in int8, four steps of a lane side by side; exact sums. K is a multiple of 16. */
function quadTile(rows: number): Lines {
  return tile("quads", rows, [
    "let at = head + octet * height * 8;",
    "const one = ones();",
    "const whole = a + K;",
    "while (a0 < whole) {",
    range(STEPS).map((step) => [
      `low = v128.load(at, ${2 * VECTOR * step});`,
      `high = v128.load(at, ${2 * VECTOR * step + VECTOR});`,
      multiply(rows, step, (y, w, sum) => `addDot(${w}, ${y}, ${sum}, one)`),
    ]),
    nextRows(rows),
    `at += ${2 * VECTOR * STEPS};`,
    "}",
  ]);
}

/** A function over all octets: `body` makes the sums l (lanes 0 to 3) and h (4 to 7) of every row. */
function tile(name: "floats" | "pairs" | "quads", rows: number, body: Lines): Lines {
  const own = range(rows);
  const put = name === "floats" ? "putFloats" : "putIntegers";
  return [
    `export function ${name}_${rows}(out: usize, outPitch: usize, a: usize, aPitch: usize, head: usize, height: usize, octets: usize, K: usize, states: usize): void {`,
    "for (let octet: usize = 0; octet < octets; octet++) {",
    own.map((r) => `let a${r} = a + aPitch * ${r};`),
    own.flatMap((r) => ["l", "h"].map((sum) => `let ${sum}${r} = i32x4.splat(0);`)),
    ["low", "high", "y"].map((operand) => `let ${operand} = i32x4.splat(0);`),
    body,
    "let to = out + octet * 32;",
    own.map((r) => [
      `${put}(to, l${r}, h${r}, states ? states + ${STATE * r} : 0);`,
      r + 1 < rows ? "to += outPitch;" : [],
    ]),
    "}",
    "}",
  ];
}

function nextRows(rows: number): Lines {
  return range(rows).map((r) => `a${r} += ${FACTOR * STEPS};`);
}

/** A step of every row: its factor in all lanes, then both halves of the octet. */
function multiply(rows: number, step: number, add: (y: string, w: string, sum: string) => string): Lines {
  return range(rows).map((r) => [
    `y = v128.load32_splat(a${r}, ${FACTOR * step});`,
    `l${r} = ${add("y", "low", `l${r}`)};`,
    `h${r} = ${add("y", "high", `h${r}`)};`,
  ]);
}
