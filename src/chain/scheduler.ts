// The scheduler: who shares the next frame, and how many rows of a prompt. One rule, with one stage or many.
// Takes the sessions; gives a choice. It computes nothing, waits for nothing and looks at no clock.
//
// The rule: while fewer frames are in flight than there are stages and some session is ready, build a frame from at most
// ceil(running sessions / stages) of the ready ones: their decode rows, then one chunk of one prompt. With one stage that
// is continuous batching; with N stages the frames stay apart and every stage works.
//
// Whoever waits longest is served first. Among prompts the chunk goes to the one with the largest deficit: of what a chunk
// costs that one of k waiting prompts gets, each of them is owed 1/k. So they share the time evenly: a short prompt does not
// wait for a long one to end, and the long one is not overtaken for ever by short ones that keep coming.
//
// With several stages, a prompt is passed over while the rows that it needs next are under way for another of its scope: it
// adopts them when they are done, instead of computing them beside that one.
//
// Beside running streams a chunk is cut by what its rows cost, and a row costs the more the deeper in its prompt it lies:
// attention reads every position before it. So a stream's token is late by four of its steps at most, at any depth, or by
// one row, where that alone costs more (behind 14,000 positions, beside a short stream). A stream that its client does not
// read is none.

import type { ChainSession, Work } from "./session.ts";

/** Rows of a frame: whole tiles of 6 and of 4 tokens, and few enough that a short prompt need not wait long for a chunk. */
export const PREFILL_CHUNK = 60;
/** A running stream waits for no more of a neighbour's prompt than so many of its own steps cost. */
const STEPS_OF_A_CHUNK = 4;
/** Rows of a prompt whose matrices cost as much as a step's: 2.1 to 2.3 in bench/results/first-measure.md, q4 and q8. */
const ROWS_OF_A_STEP = 2;
/**
 * Positions that attention reads in the time of a step's matrices and head. The 0.5B, q4 and bf16: 0.6 ms in each of 24 layers
 * behind 4,096, and 14.6 ms a step, 0.45 of them for 128 positions. Slower matrices (q8, larger models) and faster attention
 * (8-bit KV) make a chunk cheaper than it is counted; a model much smaller than the 0.5B makes it dearer, of steps that take a
 * few milliseconds.
 */
const POSITIONS_OF_A_STEP = 4_000;

export interface ChoiceLimits {
  readonly stages: number;
  /** Rows of a frame. */
  readonly rows: number;
}

/** Who is served: `heads` once more, or rows through all layers. */
export interface Choice {
  readonly kind: "rows" | "heads";
  /** A prompt, if there is one, is the last. */
  readonly works: readonly Work[];
  /** Rows that the prompt may have behind a position: where it goes on is known once it has adopted what others computed. */
  readonly chunk: (position: number) => number;
}

const NOBODY: ReadonlySet<ChainSession> = new Set();

/** The next frame's sessions, or null when nobody is ready. Who is `refused` is passed over: there are no pages for them yet. */
export function choose(
  sessions: readonly ChainSession[],
  limits: ChoiceLimits,
  refused: ReadonlySet<ChainSession> = NOBODY,
): Choice | null {
  const ready = readyWorks(sessions).filter(({ session }) => !refused.has(session));
  const first = ready[0];
  if (first === undefined) return null;
  const running = sessions.filter(({ isActive }) => isActive).length;
  const slots = Math.max(1, Math.ceil(running / limits.stages));
  if (first.isAgain) {
    const works = ready.filter((work) => work.isAgain).slice(0, Math.min(slots, limits.rows));
    return { kind: "heads", works, chunk: () => 0 };
  }

  const neediest = largestDeficit(ready.filter(isPrompt));
  // Many streams leave a prompt its chunk, or half of a frame that is small.
  const expected = neediest === null ? 1 : chunkBeside(sessions, neediest.session.timeline.computed);
  const kept = Math.min(expected, Math.ceil(limits.rows / 2));
  const decode: Work[] = [];
  let prompt: Work | null = null;
  let left = limits.rows;
  for (const work of ready) {
    if (decode.length + (prompt === null ? 0 : 1) >= slots) break;
    const rows = isPrompt(work) ? kept : 1;
    if (work.isAgain || rows > left || (isPrompt(work) && prompt !== null)) continue;
    left -= rows;
    if (isPrompt(work)) prompt = neediest;
    else decode.push(work);
  }
  const works = prompt === null ? decode : [...decode, prompt];
  const chunk = (position: number) => {
    return Math.max(1, Math.min(chunkBeside(sessions, position), limits.rows - decode.length));
  };
  return { kind: "rows", works, chunk };
}

/** Rows behind `position` that no stream of `sessions` feels for longer than it may; one at least, Infinity without streams. */
function chunkBeside(sessions: readonly ChainSession[], position: number): number {
  const streams = sessions.filter(({ isStreaming }) => isStreaming).map(({ timeline }) => timeline.computed);
  const step = 1 + Math.min(...streams) / POSITIONS_OF_A_STEP;
  return Math.max(1, Math.floor((STEPS_OF_A_CHUNK * step) / rowCost(position)));
}

/** What a row of a prompt costs behind `position`, in steps of a stream at its beginning. */
function rowCost(position: number): number {
  return 1 / ROWS_OF_A_STEP + position / POSITIONS_OF_A_STEP;
}

/** A prompt got its next `rows`, which are not computed yet, while those of `waiting`, it among them, waited for theirs. */
export function charge(waiting: readonly Work[], served: ChainSession, rows: number): void {
  const cost = rows * rowCost(served.timeline.computed);
  for (const { session } of waiting) session.deficit += cost / waiting.length;
  served.deficit -= cost;
  if (served.pending <= rows) served.deficit = 0;
}

/** Prompts that are ready for their next chunk. */
export function waitingPrompts(sessions: readonly ChainSession[]): Work[] {
  return readyWorks(sessions).filter(isPrompt);
}

/** Whoever waits longest first. A paused session needs no page to ask its head once more. */
function readyWorks(sessions: readonly ChainSession[]): Work[] {
  const ahead = sessions.filter(({ rowsInFlight, pending }) => rowsInFlight > 0 && pending > 1);
  return sessions
    .filter(({ work, inFlight, paused }) => work !== null && !inFlight && (!paused || work.isAgain))
    .filter((session) => !ahead.some((other) => isComing(session, other)))
    .sort((a, b) => a.servedAt - b.servedAt)
    .map(({ work }) => work!);
}

/**
 * Whether at least half of the chunk that `other` has under way are rows that `session` needs next. It waits for them, then,
 * and they are computed once. Of two that are some rows apart one sees half, so they meet. Nobody waits for ever: a frame
 * always comes back, and whoever was passed over goes on from what there is then. A stream's step is not waited for: a prompt
 * that goes on as an answer does would be as slow as the answer.
 */
function isComing({ timeline }: ChainSession, { timeline: other, rowsInFlight }: ChainSession): boolean {
  return 2 * timeline.overlap(other, rowsInFlight) >= rowsInFlight;
}

function isPrompt(work: Work): boolean {
  return !work.isAgain && work.session.pending > 1;
}

function largestDeficit(prompts: readonly Work[]): Work | null {
  return prompts.reduce<Work | null>((most, other) => {
    return most !== null && most.session.deficit >= other.session.deficit ? most : other;
  }, null);
}
