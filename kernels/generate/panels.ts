// Prints build/generated/panels.ts: the inner loops of attention, unrolled, in AssemblyScript.
// Owns: the shape of a tile (rows x 8 lanes) and the order of its loads and products. How numbers lie in a page is kv.ts's
// and kv-q8.ts's. Must not know: positions, softmax.
//
// A tile is some rows of a times an octet, 8 lanes of a page's head. One load of a row gives the factors of four steps,
// because workerd and Deno check the bounds of every load.

import type { KvFormat } from "../abi.ts";
import { type Lines, range, text } from "./lines.ts";

/** Rows of a tile. With 4 their sums, factors and operands would not fit 15 registers. */
const ROWS = [1, 2, 3];
/** Steps that share the load of a row: of one number in f32, of a pair in int16. */
const STEPS = 4;
const VECTOR = 16;
/** Bytes from one row's state to the next: STATE of assembly/panels.ts. */
const STATE = 16;

/** The text of build/generated/panels.ts. */
export function generatePanels(): string {
  return text([
    "// Printed by kernels/generate/panels.ts.",
    "import { lowLanes, highLanes, octetAt } from '../../kernels/assembly/kv';",
    "import { putFloats, putIntegers } from '../../kernels/assembly/panels';",
    ROWS.map(floatTile),
    ROWS.map(integerTile),
  ]);
}

/** f32 rows and a head in bf16: K numbers, which need not be a multiple of STEPS; every sum has k in order. */
function floatTile(rows: number): Lines {
  const steps = (guard: (step: number, lines: Lines) => Lines) => [
    loadRows(rows),
    range(STEPS).map((step) =>
      guard(step, [
        `p = v128.load(at, ${2 * VECTOR * step});`,
        "low = lowLanes(p);",
        "high = highLanes(p);",
        multiply(rows, step, (y, w, sum) => `f32x4.add(${sum}, f32x4.mul(${y}, ${w}))`),
      ]),
    ),
  ];
  return tile("bf16", rows, [
    "let at = head + octetAt(octet, height);",
    "let p = i32x4.splat(0);",
    `const whole = a + (K / ${STEPS}) * ${VECTOR};`,
    "while (a0 < whole) {",
    steps((_, lines) => lines),
    nextRows(rows),
    `at += ${2 * VECTOR * STEPS};`,
    "}",
    `const rest = K % ${STEPS};`,
    "if (rest > 0) {",
    steps((step, lines) => (step === 0 ? lines : step < STEPS - 1 ? [`if (rest > ${step}) {`, lines, "}"] : [])),
    "}",
  ]);
}

/** int16 rows and a head in int8: pairs of numbers, exact sums. K is a multiple of 8. */
function integerTile(rows: number): Lines {
  return tile("q8", rows, [
    "let at = head + octet * height * 8;",
    "const whole = a + K * 2;",
    "while (a0 < whole) {",
    loadRows(rows),
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

/** A function over all octets: `body` makes the sums l (lanes 0 to 3) and h (4 to 7) of every row. */
function tile(format: KvFormat, rows: number, body: Lines): Lines {
  const own = range(rows);
  const put = format === "bf16" ? "putFloats" : "putIntegers";
  return [
    `export function ${format}_${rows}(out: usize, outPitch: usize, a: usize, aPitch: usize, head: usize, height: usize, octets: usize, K: usize, states: usize): void {`,
    "for (let octet: usize = 0; octet < octets; octet++) {",
    own.map((r) => `let a${r} = a + aPitch * ${r};`),
    own.flatMap((r) => ["l", "h", "x"].map((name) => `let ${name}${r} = i32x4.splat(0);`)),
    ["low", "high", "y"].map((name) => `let ${name} = i32x4.splat(0);`),
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

function loadRows(rows: number): Lines {
  return range(rows).map((r) => `x${r} = v128.load(a${r});`);
}

function nextRows(rows: number): Lines {
  return range(rows).map((r) => `a${r} += ${VECTOR};`);
}

/** A step of every row: its factor in all lanes, then both halves of the octet. */
function multiply(rows: number, step: number, add: (y: string, w: string, sum: string) => string): Lines {
  return range(rows).map((r) => [
    `y = v128.shuffle<i32>(x${r}, x${r}, ${step}, ${step}, ${step}, ${step});`,
    `l${r} = ${add("y", "low", `l${r}`)};`,
    `h${r} = ${add("y", "high", `h${r}`)};`,
  ]);
}
