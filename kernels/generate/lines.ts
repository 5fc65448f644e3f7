// Lines of source, nested as they were made: what the generators print. Must not know: what they mean.

export type Lines = string | Lines[];

export function text(lines: Lines): string {
  return typeof lines === "string" ? `${lines}\n` : lines.map(text).join("");
}

/** 0 … n - 1. */
export function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
