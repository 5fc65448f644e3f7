// The logits of a frame's rows, kept while two models are compared: what leaves a stage are candidates, and a divergence
// needs every token. Owns the buffer and the arithmetic on two rows. Must not know: texts, windows, the command line.

/** (rows, tokens) logits of one frame, put together from the stages that hold parts of the table. */
export class KeptLogits {
  readonly #values: Float32Array;
  readonly #tokens: number;
  /** Rows seen of the part of the table that begins at `first`. */
  readonly #seen = new Map<number, number>();

  constructor(rows: number, tokens: number) {
    this.#tokens = tokens;
    this.#values = new Float32Array(rows * tokens);
  }

  /** To be called for each row of a frame, in order, by each stage. */
  readonly onLogits = (first: number, logits: Float32Array): void => {
    const row = this.#seen.get(first) ?? 0;
    this.#seen.set(first, row + 1);
    this.#values.set(logits, row * this.#tokens + first);
  };

  row(index: number): Float32Array {
    return this.#values.subarray(index * this.#tokens, (index + 1) * this.#tokens);
  }

  /** Before the next frame. */
  clear(): void {
    this.#seen.clear();
  }
}

/** One row of logits and the natural logarithm of the sum of their exponentials. */
export interface LogitRow {
  readonly logits: Float32Array;
  readonly logSum: number;
}

/** D(reference || other) in nats: Σ p · ln(p / q), p and q the two softmax distributions over the same tokens. */
export function divergence(reference: LogitRow, other: LogitRow): number {
  const shift = other.logSum - reference.logSum;
  let sum = 0;
  for (const [id, logit] of reference.logits.entries()) {
    sum += Math.exp(logit - reference.logSum) * (logit - other.logits[id]! + shift);
  }
  return Math.max(0, sum); // what is below 0 is rounding
}
