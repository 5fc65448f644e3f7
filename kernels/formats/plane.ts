// A plane: a nibble for each of 32 columns of 4 rows, 64 bytes (docs/format.md). Columns k and k + 4 share a byte, the first
// in its low half. Takes one row's nibbles of 0..15 and where the plane begins. Must not know: what a nibble stands for.

export const PLANE_BYTES = 64;

/** The 32 nibbles of row 0..3. */
export function readPlane(bytes: Uint8Array, plane: number, row: number, nibbles: Int8Array): void {
  for (let k = 0; k < 32; k += 8) {
    for (let j = 0; j < 4; j++) {
      const pair = bytes[plane + 2 * k + 4 * row + j]!;
      nibbles[k + j] = pair & 15;
      nibbles[k + 4 + j] = pair >> 4;
    }
  }
}

/** The other way. */
export function writePlane(bytes: Uint8Array, plane: number, row: number, nibbles: Int8Array): void {
  for (let k = 0; k < 32; k += 8) {
    for (let j = 0; j < 4; j++) {
      bytes[plane + 2 * k + 4 * row + j] = nibbles[k + j]! | (nibbles[k + 4 + j]! << 4);
    }
  }
}
