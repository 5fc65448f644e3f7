// Random numbers for draws: Philox 4x32-10, a counter-based generator (Salmon et al., "Parallel random numbers: as easy
// as 1, 2, 3", SC 2011). A draw is a function of seed and step alone, so neither other requests nor a session that is
// computed again can shift it. 32-bit integer arithmetic, the same on every engine.

/** Multipliers and key increments of the paper's reference implementation (Random123). */
const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;
const ROUNDS = 10;

export type Words = readonly [number, number, number, number];

/** Ten rounds: 128 random bits for a counter and a key, as unsigned 32-bit words. */
export function philox4x32(counter: Words, key: readonly [number, number]): Words {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(M0, c0);
    const high1 = multiplyHigh(M1, c2);
    [c0, c1, c2, c3] = [high1 ^ c1 ^ k0, Math.imul(M1, c2), high0 ^ c3 ^ k1, Math.imul(M0, c0)];
    k0 = (k0 + W0) | 0;
    k1 = (k1 + W1) | 0;
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
}

/** A number in [0, 1) with 53 random bits. `seed` is an integer of any size, of which 64 bits count. */
export function uniform(seed: number, step: number): number {
  const key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0] as const;
  const [a, b] = philox4x32([step >>> 0, 0, 0, 0], key);
  return ((a >>> 5) * 2 ** 26 + (b >>> 6)) / 2 ** 53;
}

/** A seed for a request that gives none: 53 bits from the platform. */
export function randomSeed(): number {
  const [a, b] = crypto.getRandomValues(new Uint32Array(2));
  return (a! >>> 11) * 2 ** 32 + b!;
}

/** The upper 32 bits of the 64-bit product of two unsigned words. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  // Each sum stays below 2^53, so doubles hold it exactly.
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = (middle % 65_536) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(middle / 65_536) + Math.floor(carry / 65_536)) | 0;
}
