// Batches: frames to be, and whose they are. Takes works and their numbers of rows; gives a frame at its beginning.
// Must not know: why these works share it, who computes it.

import type { Frame, Segment } from "../engine/frame.ts";
import type { Work } from "./session.ts";

/** A frame, and whose it is: `works[i]` waits for segment i. */
export interface Batch {
  readonly works: readonly Work[];
  readonly frame: Frame;
}

/** A part of a batch: the next `rows` ids of a session, whose pages are reserved. */
export interface Part {
  readonly work: Work;
  readonly rows: number;
}

/** Rows through all layers; each session's last pending row asks for its candidates. */
export function rowBatch(parts: readonly Part[]): Batch {
  const segments = parts.map(({ work, rows }): Segment => {
    const { timeline, pending } = work.session;
    const heads = rows === pending ? [{ row: rows - 1, constraint: work.constraint }] : [];
    return { ...timeline.segment(rows), heads };
  });
  const ids = parts.flatMap(({ work: { session }, rows }) => {
    const { ids, computed } = session.timeline;
    return ids.slice(computed, computed + rows);
  });
  return batch(parts, segments, { ids, hidden: new Float32Array(0), embedded: 0, layer: 0 });
}

/** A cursor that has passed everything. */
const ALL = 0xffff_ffff;

/** Heads once more, from the hidden states that the sessions kept. No page is read. */
export function headBatch(works: readonly Work[]): Batch {
  const D = works[0]!.session.hidden!.length;
  const hidden = new Float32Array(works.length * D);
  for (const [i, { session }] of works.entries()) hidden.set(session.hidden!, i * D);
  const segments = works.map(({ session, constraint }): Segment => {
    const position = session.timeline.ids.length - 1;
    return { pages: [], position, length: 1, copyFrom: -1, heads: [{ row: 0, constraint }] };
  });
  const ids = works.map(({ session }) => session.timeline.ids.at(-1)!);
  return batch(
    works.map((work) => ({ work })),
    segments,
    { ids, hidden, embedded: ALL, layer: ALL },
  );
}

function batch(
  parts: readonly Pick<Part, "work">[],
  segments: readonly Segment[],
  { ids, ...state }: { ids: readonly number[] } & Pick<Frame, "hidden" | "embedded" | "layer">,
): Batch {
  const frame = { segments, ids: Uint32Array.from(ids), ...state, headed: 0, results: [] };
  return { works: parts.map(({ work }) => work), frame };
}
