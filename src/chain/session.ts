// A session: one conversation's timeline and the one thing that is asked of it at a time. It hands what is missing to the
// chain's scheduler and gives candidates back. The next chat turn and recovery are one case: sync(ids).
// Must not know: frames' bytes, stages, sampling, text.

import type { ScalarMath } from "../../kernels/abi.ts";
import type { Constraint } from "../engine/frame.ts";
import type { Candidates } from "./merge.ts";
import type { Timeline } from "./timeline.ts";

/** The seam between the chain and whoever chooses tokens. Calls follow one another; none runs beside another. */
export interface Session {
  /** Makes the timeline equal `ids`, computing only what is missing, and gives the candidates that follow it. */
  sync(ids: readonly number[], constraint: Constraint): Promise<Candidates>;
  /** Appends one token and gives the candidates that follow it. */
  step(id: number, constraint: Constraint): Promise<Candidates>;
  /** Candidates of the last position once more: a larger top, or one tile. Nothing is appended. */
  again(constraint: Constraint): Promise<Candidates>;
  /** Tokens of the first sync that had been computed before, for whomever. */
  readonly cachedTokens: number;
  /** Tokens that it can hold: what was asked for, or all that the KV budget can give to one session alone. */
  readonly positions: number;
  readonly math: ScalarMath;
  /** Frees the pages, once the frame that uses them is back. Pending calls reject. */
  close(): void;
}

/** What the scheduler sees of a session that wants something computed. */
export interface Work {
  readonly session: ChainSession;
  /** Asked of the last row. */
  readonly constraint: Constraint;
  /** Only the head, once more: no row is missing. */
  readonly isAgain: boolean;
  readonly resolve: (candidates: Candidates) => void;
  readonly reject: (error: unknown) => void;
}

/** Milliseconds after an answer within which whoever reads it, however slowly, asks for the next one. */
const PATIENCE = 5_000;

export class ChainSession implements Session {
  readonly timeline: Timeline;
  readonly positions: number;
  /** Tokens that it is expected to begin with. */
  readonly prompt: number;
  readonly math: ScalarMath;
  /** (D): the last position after all layers, for `again`. */
  hidden: Float32Array | null = null;
  work: Work | null = null;
  inFlight = false;
  /** Its ids that the frame under way computes. */
  rowsInFlight = 0;
  closed = false;
  /** Its pages went to others; it waits until all that it may ever need is free (admission.ts). */
  paused = false;
  /** Nobody has asked for more, though there was time since its last answer: its client does not read what comes. */
  stalled = false;
  /** The frame that served it last: who waits longest is served first. */
  servedAt = 0;
  /** What others got of prefill in its place, in steps of a stream (scheduler.ts). */
  deficit = 0;

  #cachedTokens: number | null = null;
  #patience: ReturnType<typeof setTimeout> | undefined;
  /** How often something was asked for. */
  #asks = 0;
  readonly #onWork: () => void;
  readonly #onClose: (session: ChainSession) => void;

  constructor(options: {
    timeline: Timeline;
    positions: number;
    prompt: number;
    math: ScalarMath;
    /** There may be something to compute now. */
    onWork: () => void;
    onClose: (session: ChainSession) => void;
  }) {
    this.timeline = options.timeline;
    this.positions = options.positions;
    this.prompt = options.prompt;
    this.math = options.math;
    this.#onWork = options.onWork;
    this.#onClose = options.onClose;
  }

  get cachedTokens(): number {
    return this.#cachedTokens ?? 0;
  }

  /** Rows that are not computed. */
  get pending(): number {
    return this.timeline.ids.length - this.timeline.computed;
  }

  /** Whether it is one of those that compute: it has its pages, and it is read. */
  get isActive(): boolean {
    return !this.paused && !this.stalled;
  }

  /** Whether somebody waits for its next token: all of its prompt is computed, and it is read. */
  get isStreaming(): boolean {
    return this.hidden !== null && this.isActive && this.pending <= 1;
  }

  sync(ids: readonly number[], constraint: Constraint): Promise<Candidates> {
    return this.#ask(constraint, () => this.timeline.replace(ids));
  }

  step(id: number, constraint: Constraint): Promise<Candidates> {
    return this.#ask(constraint, () => this.timeline.push(id));
  }

  again(constraint: Constraint): Promise<Candidates> {
    if (this.hidden === null) throw new TypeError("Session has no position yet; call sync first");
    return this.#ask(constraint);
  }

  /** The work's answer: the hidden state of the last row, and its candidates. */
  answer(work: Work, hidden: Float32Array, candidates: Candidates): void {
    this.hidden = hidden;
    this.#cachedTokens ??= this.timeline.adopted;
    if (this.work === work) this.work = null;
    work.resolve(candidates);
    if (this.closed) return;
    const asks = this.#asks;
    this.#patience = setTimeout(() => {
      // On Workers a timer belongs to the request in which it was set, maybe another's; that of this one cannot clear it.
      if (this.#asks !== asks || this.closed) return;
      this.stalled = true;
      this.#onWork(); // somebody may have waited for its pages
    }, PATIENCE);
  }

  /** Gives up the pages, to have them computed again. */
  pause(): void {
    this.paused = true;
    this.timeline.retire();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.#patience);
    this.work?.reject(new DOMException("The session was closed", "AbortError"));
    this.work = null;
    if (!this.inFlight) this.release();
  }

  /** Gives the pages back; the chain calls it when a closed session's frame has returned. */
  release(): void {
    this.timeline.retire();
    this.#onClose(this);
  }

  #ask(constraint: Constraint, change?: () => void): Promise<Candidates> {
    if (this.closed) return Promise.reject(new DOMException("The session was closed", "AbortError"));
    if (this.work !== null) throw new TypeError("Session is busy; await the call before");
    change?.();
    const { length } = this.timeline.ids;
    if (length === 0) throw new RangeError("Session has no token; sync at least one");
    if (length > this.positions) {
      throw new RangeError(`Session holds ${this.positions} positions; ${length} were asked for`);
    }
    clearTimeout(this.#patience);
    this.#asks++;
    this.stalled = false;
    return new Promise((resolve, reject) => {
      this.work = { session: this, constraint, isAgain: change === undefined, resolve, reject };
      this.#onWork();
    });
  }
}
