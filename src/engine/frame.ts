// A frame: what travels between chain and stages. It is self-describing: three cursors say what has been done to it,
// so that a stage does all that it can and the chain asks what comes next.
// Owns: the type and its binary encoding (little-endian, no gaps). Must not know: memory, kernels, text.


/** One logit to change before choosing: x = logit + bias; divided or multiplied by repetition; minus subtract. */
export interface Adjustment {
  readonly id: number;
  readonly bias: number;
  readonly repetition: number;
  readonly subtract: number;
}

/** What a row's logits are asked for. */
export interface Constraint {
  /** Divides logits in the adjusted sums; 0 stands for greedy and asks for no adjusted sums. */
  readonly temperature: number;
  /** How many of the largest adjusted logits come back (1..2048). */
  readonly top: number;
  /** How many of the largest raw logits come back (0..64), for log-probabilities. */
  readonly topRaw: number;
  /** Unique ids. */
  readonly adjustments: readonly Adjustment[];
  /** Only this tile of the table: all its logits come back (top is then the tile's size); -1: all tiles. */
  readonly tile: number;
  /** Ids whose raw logit is wanted whatever their rank. */
  readonly wanted: readonly number[];
}

/** A run of consecutive positions of one session. */
export interface Segment {
  /** Page numbers of positions 0..position+length-1, 32 each. */
  readonly pages: readonly number[];
  /** Absolute position of the segment's first row. */
  readonly position: number;
  /** Rows. */
  readonly length: number;
  /** Rows (relative to the segment) whose logits are wanted, ascending. */
  readonly heads: readonly { readonly row: number; readonly constraint: Constraint }[];
}

/** The largest logits of one head row in the table rows seen so far, and the sums by tile, in tile order. */
export interface HeadResult {
  /** By adjusted logit, largest first, ties by lower id. `logit` is raw. */
  readonly top: readonly { readonly id: number; readonly logit: number; readonly adjusted: number }[];
  readonly topRaw: readonly { readonly id: number; readonly logit: number }[];
  readonly wanted: readonly { readonly id: number; readonly logit: number }[];
  /** (maximum, sum of exp(x - maximum)) per tile. */
  readonly rawSums: Float32Array;
  /** (maximum, sum of exp((x - maximum) / temperature)) per tile; empty when greedy. */
  readonly adjustedSums: Float32Array;
}

export interface Frame {
  readonly segments: readonly Segment[];
  /** T token ids, all segments' rows in order. */
  readonly ids: Uint32Array;
  /** (T, D) hidden states; empty before the first embedding. */
  readonly hidden: Float32Array;
  /** Table rows below this have been looked up. */
  readonly embedded: number;
  /** The next layer to run. */
  readonly layer: number;
  /** Table rows below this have given their logits. */
  readonly headed: number;
  /** One for each head of each segment, in order; empty before the first head. */
  readonly results: readonly HeadResult[];
}
