// What four lanes of a vector make of many numbers: the order of additions, and the meaning of a maximum.
// Must not know: what is summed.

const f = Math.fround;

/** The sum of term(0) … term(n - 1), each an f32, in the order of the kernels: four lanes, then (0+2)+(1+3). */
export function laneSum(n: number, term: (i: number) => number): number {
  const lanes = new Float32Array(4);
  for (let i = 0; i < n; i++) lanes[i % 4]! += term(i); // a Float32Array rounds what it takes
  return f(f(lanes[0]! + lanes[2]!) + f(lanes[1]! + lanes[3]!));
}

/** The larger of two numbers; of equal ones the first, and never b if it is NaN. Math.max differs in both. */
export function larger(a: number, b: number): number {
  if (a < b) return b;
  return a;
}
