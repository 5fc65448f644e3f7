// Prints build/generated/formats.ts: what the kernels of one weight format have that those of another do not, its numbers and
// the choice of its tiles. Must not know: how a tile multiplies, which tokens meet which rows.

import { FORMATS, WEIGHT_FORMATS, type WeightFormat } from "../formats.ts";
import { type Lines, text } from "./lines.ts";
import { panelGroups, type Tile, tileName, tilesOf } from "./tiles.ts";

/** The text of build/generated/formats.ts. */
export function generateFormats(): string {
  return text([
    "// Printed by kernels/generate/formats.ts.",
    "import { TILE } from '../../kernels/assembly/layout';",
    "import * as tiles from './tiles';",
    WEIGHT_FORMATS.map(ofFormat),
  ]);
}

function ofFormat(format: WeightFormat): Lines {
  return [
    `export const blockBytes_${format}: i32 = ${FORMATS[format].blockBytes};`,
    `export const panelGroups_${format}: i32 = ${panelGroups(format)};`,
    "@inline",
    `export function multiplyPacked_${format}(streams: i32, tokens: i32, sums: usize, x: usize, w: usize, apart: i32, blocks: i32): void {`,
    choice(tilesOf(format, "packed")),
    "}",
    "@inline",
    `export function multiplyPanel_${format}(tokens: i32, sums: usize, x: usize, w: usize, blocks: i32): void {`,
    choice(tilesOf(format, "panel")),
    "}",
  ];
}

/** The call of the tile that fits: that of four streams, or else the one with so many tokens, which at last is one. */
function choice(tiles: readonly Tile[]): Lines {
  const sorted = tiles.toSorted((a, b) => b.groups - a.groups || b.tokens - a.tokens);
  return sorted.map((tile, i) => {
    // Tokens beyond 4 are left out of builds with smaller tiles.
    const condition =
      tile.groups === 4 ? "streams == 4" : `${tile.tokens > 4 ? "TILE == 6 && " : ""}tokens == ${tile.tokens}`;
    const weights = tile.source === "packed" && tile.groups > 1 ? "w, apart" : "w";
    const call = `tiles.${tileName(tile)}(sums, x, ${weights}, blocks);`;
    return `${i > 0 ? "else " : ""}${i < sorted.length - 1 ? `if (${condition}) ` : ""}${call}`;
  });
}
