// A frame: what travels between chain and stages. It is self-describing: three cursors say what has been done to it,
// so that a stage does all that it can and the chain asks what comes next.
// Owns: the types and nextTask. frame-codec.ts has the bytes. Must not know: memory, kernels, text.

/** Logits to change alike before choosing: x = logit + bias; divided or multiplied by repetition; minus subtract. */
export interface Adjustment {
  /** Ascending, each once. */
  readonly ids: Uint32Array;
  readonly bias: number;
  readonly repetition: number;
  readonly subtract: number;
}

/** What a row's logits are asked for. */
export interface Constraint {
  /** Divides logits in the adjusted sums; 0 stands for greedy, which has none. */
  readonly temperature: number;
  /** How many of the largest adjusted logits come back (1..2048). */
  readonly top: number;
  /** How many of the largest raw logits come back (0..64), for log-probabilities. */
  readonly topRaw: number;
  /** Whether the sums of the raw logits come back: log-probabilities need them, and they cost an exp for every logit. */
  readonly rawSums: boolean;
  /** Whether those of the adjusted logits do: a draw that neither top_k nor min_p cuts needs them. */
  readonly adjustedSums: boolean;
  /** An id is in one of them at most. */
  readonly adjustments: readonly Adjustment[];
  /** Only this tile of the table: all its logits come back (top is then the tile's size); -1: all tiles. */
  readonly tile: number;
  /** Ids whose raw logit is wanted whatever their rank. */
  readonly wanted: readonly number[];
}

/** The largest logit and nothing else, what a greedy choice asks for; other constraints say what they want besides. */
export const GREEDY: Constraint = {
  temperature: 0,
  top: 1,
  topRaw: 0,
  rawSums: false,
  adjustedSums: false,
  adjustments: [],
  tile: -1,
  wanted: [],
};

/** A run of consecutive positions of one session. */
export interface Segment {
  /** Page numbers of positions 0..position+length-1, 32 each. */
  readonly pages: readonly number[];
  /** Absolute position of the segment's first row. */
  readonly position: number;
  /** Rows. */
  readonly length: number;
  /** A page whose content the page of `position` gets before anything is stored in it; -1: none. */
  readonly copyFrom: number;
  /** Rows (relative to the segment) whose logits are wanted, ascending. */
  readonly heads: readonly { readonly row: number; readonly constraint: Constraint }[];
}

/** The largest logits of one head row in the table rows seen so far, and the sums by tile, in tile order. */
export interface HeadResult {
  /** By adjusted logit, largest first, ties by lower id. `logit` is raw. */
  readonly top: readonly { readonly id: number; readonly logit: number; readonly adjusted: number }[];
  readonly topRaw: readonly { readonly id: number; readonly logit: number }[];
  readonly wanted: readonly { readonly id: number; readonly logit: number }[];
  /** (maximum, sum of exp(x - maximum)) per tile; empty when not asked for. */
  readonly rawSums: Float32Array;
  /** (maximum, sum of exp((x - maximum) / temperature)) per tile; empty when not asked for. */
  readonly adjustedSums: Float32Array;
}

export interface Frame {
  readonly segments: readonly Segment[];
  /** T token ids, all segments' rows in order. */
  readonly ids: Uint32Array;
  /** (T, D) hidden states; empty before the first embedding. Once all layers have run: only the rows of heads. */
  readonly hidden: Float32Array;
  /** Table rows below this have been looked up. */
  readonly embedded: number;
  /** The next layer to run. */
  readonly layer: number;
  /** Table rows below this have given their logits. */
  readonly headed: number;
  /** What the stage that ran last found in its rows of the table: one for each head, in order; else empty. */
  readonly results: readonly HeadResult[];
}

/** What is to be done next with a frame, and where: a table row, a layer, or nothing more. */
export type Task =
  | { readonly kind: "embed"; readonly row: number }
  | { readonly kind: "layer"; readonly layer: number }
  | { readonly kind: "head"; readonly row: number }
  | { readonly kind: "done" };

/** Sizes that decide when a frame is done. */
export interface Depth {
  readonly layers: number;
  /** Rows of the table. */
  readonly rows: number;
  readonly tileRows: number;
}

/** The next task of a frame. Table rows that nobody asks for are passed over. */
export function nextTask(frame: Frame, depth: Depth): Task {
  if (frame.layer < depth.layers) {
    let row = Number.POSITIVE_INFINITY;
    for (const id of frame.ids) if (id >= frame.embedded && id < row) row = id;
    return row < Number.POSITIVE_INFINITY ? { kind: "embed", row } : { kind: "layer", layer: frame.layer };
  }
  let row = Number.POSITIVE_INFINITY;
  for (const { constraint } of heads(frame)) {
    const [first, end] = headRows(constraint, depth);
    const next = Math.max(first, frame.headed);
    if (next < end) row = Math.min(row, next);
  }
  return row < Number.POSITIVE_INFINITY ? { kind: "head", row } : { kind: "done" };
}

/** The table rows [first, end) that a constraint asks for. */
export function headRows(constraint: Constraint, depth: Depth): readonly [number, number] {
  if (constraint.tile < 0) return [0, depth.rows];
  return [constraint.tile * depth.tileRows, Math.min((constraint.tile + 1) * depth.tileRows, depth.rows)];
}

/** All heads of a frame, in the order of its rows, with the frame row each one reads. */
export function heads(frame: Frame): { readonly row: number; readonly constraint: Constraint }[] {
  const all: { row: number; constraint: Constraint }[] = [];
  let first = 0;
  for (const segment of frame.segments) {
    for (const { row, constraint } of segment.heads) all.push({ row: first + row, constraint });
    first += segment.length;
  }
  return all;
}
