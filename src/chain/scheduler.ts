// The scheduler: which sessions' rows make the next frame. One rule, with one stage or many.
// Takes the ready sessions; gives a batch. Pure: it computes nothing and waits for nothing.
//
// The rule: while fewer frames are in flight than there are stages and some session is ready, build a frame from at most
// ceil(active sessions / stages) of the ready ones: their decode rows, then one chunk of prefill. With one stage that is
// continuous batching; with N stages the frames stay apart and every stage works.

import type { Frame, Segment } from "../engine/frame.ts";
import type { ChainSession, Work } from "./session.ts";

export interface BatchLimits {
  readonly stages: number;
  /** Rows of a frame. */
  readonly rows: number;
}

/** A frame to be, and whose it is: `works[i]` waits for segment i. */
export interface Batch {
  readonly works: readonly Work[];
  readonly frame: Frame;
}

/**
 * The next batch, or null when nobody is ready. `sessions` are all active ones, the longest waiting first.
 * A frame is either rows through all layers, or heads that are asked for once more.
 */
export function nextBatch(sessions: readonly ChainSession[], limits: BatchLimits): Batch | null {
  const ready = sessions.flatMap((s) => (s.work !== null && !s.inFlight ? [s.work] : []));
  const first = ready[0];
  if (first === undefined) return null;
  // Line order decides who is in; a row is kept for the chunk of prefill, if a frame has more than one.
  const next = ready.slice(0, Math.min(Math.ceil(sessions.length / limits.stages), Math.max(1, limits.rows - 1)));
  if (first.pending === 0) return headBatch(next.filter((work) => work.pending === 0));
  const decode = next.filter((work) => work.pending === 1);
  const prefill = next.find((work) => work.pending > 1);
  return rowBatch(prefill ? [...decode, prefill] : decode, limits.rows);
}

/** Rows through all layers; each session's last pending row asks for its candidates. */
function rowBatch(works: readonly Work[], rows: number): Batch {
  let left = rows;
  const ids: number[] = [];
  const segments = works.map((work): Segment => {
    const { session } = work;
    const length = Math.min(work.pending, left);
    const position = session.computed;
    left -= length;
    ids.push(...session.ids.slice(position, position + length));
    const isLast = length === work.pending;
    return {
      pages: session.pagesUpTo(position + length),
      position,
      length,
      heads: isLast ? [{ row: length - 1, constraint: work.constraint }] : [],
    };
  });
  const frame = { segments, ids: Uint32Array.from(ids), hidden: new Float32Array(0), embedded: 0, layer: 0, headed: 0 };
  return { works, frame: { ...frame, results: [] } };
}

/** A cursor that has passed everything. */
const ALL = 0xffff_ffff;

/** Heads once more, from the hidden states that the sessions kept. */
function headBatch(works: readonly Work[]): Batch {
  const D = works[0]!.session.hidden!.length;
  const hidden = new Float32Array(works.length * D);
  for (const [i, { session }] of works.entries()) hidden.set(session.hidden!, i * D);
  const segments = works.map(
    ({ session, constraint }): Segment => ({
      pages: [],
      position: session.computed - 1,
      length: 1,
      heads: [{ row: 0, constraint }],
    }),
  );
  const ids = Uint32Array.from(works, ({ session }) => session.ids[session.computed - 1]!);
  const past = { embedded: ALL, layer: ALL, headed: 0 };
  return { works, frame: { segments, ids, hidden, ...past, results: [] } };
}
