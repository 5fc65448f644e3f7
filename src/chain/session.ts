// A session: one timeline of tokens. It knows which of them are computed, which pages hold them, and asks the chain's
// scheduler for what is missing. Prefix reuse, the next chat turn and recovery are one case: sync(ids).
// Must not know: frames' bytes, stages, sampling, text.

import type { ScalarMath } from "../../kernels/abi.ts";
import type { Constraint } from "../engine/frame.ts";
import type { Candidates } from "./merge.ts";
import { type PagePool, pagesFor } from "./pages.ts";

/** The seam between the chain and whoever chooses tokens. Calls follow one another; none runs beside another. */
export interface Session {
  /** Makes the timeline equal `ids`, computing only what is missing, and gives the candidates that follow it. */
  sync(ids: readonly number[], constraint: Constraint): Promise<Candidates>;
  /** Appends one token and gives the candidates that follow it. */
  step(id: number, constraint: Constraint): Promise<Candidates>;
  /** Candidates of the last position once more: a larger top, or one tile. Nothing is appended. */
  again(constraint: Constraint): Promise<Candidates>;
  /** Tokens of the first sync that had been computed before. */
  readonly cachedTokens: number;
  readonly math: ScalarMath;
  /** Frees the pages, once the frame that uses them is back. Pending calls reject. */
  close(): void;
}

/** What the scheduler sees of a session that wants something computed. */
export interface Work {
  readonly session: ChainSession;
  /** Asked of the last row. */
  readonly constraint: Constraint;
  /** Rows still to compute; 0: only the head, again. */
  pending: number;
  readonly resolve: (candidates: Candidates) => void;
  readonly reject: (error: unknown) => void;
}

export class ChainSession implements Session {
  readonly math: ScalarMath;
  readonly cachedTokens = 0;
  /** Token ids; the first `computed` of them have their keys and values in pages. */
  readonly ids: number[] = [];
  computed = 0;
  readonly pages: number[] = [];
  /** (D): the last position after all layers, for `again`. */
  hidden: Float32Array | null = null;
  work: Work | null = null;
  inFlight = false;
  closed = false;

  readonly #pool: PagePool;
  readonly #positions: number;
  readonly #onWork: () => void;
  readonly #onClose: (session: ChainSession) => void;

  constructor(options: {
    pool: PagePool;
    positions: number;
    math: ScalarMath;
    onWork: () => void;
    onClose: (session: ChainSession) => void;
  }) {
    this.#pool = options.pool;
    this.#positions = options.positions;
    this.math = options.math;
    this.#onWork = options.onWork;
    this.#onClose = options.onClose;
  }

  sync(ids: readonly number[], constraint: Constraint): Promise<Candidates> {
    let same = 0;
    while (same < Math.min(this.computed, ids.length) && ids[same] === this.ids[same]) same++;
    // The last token is always computed: its hidden state gives the candidates.
    this.computed = Math.min(same, ids.length - 1);
    this.ids.length = 0;
    for (const id of ids) this.ids.push(id);
    return this.#ask(constraint);
  }

  step(id: number, constraint: Constraint): Promise<Candidates> {
    this.ids.push(id);
    return this.#ask(constraint);
  }

  again(constraint: Constraint): Promise<Candidates> {
    if (this.hidden === null) throw new TypeError("Session has no position yet; call sync first");
    return this.#ask(constraint);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.work?.reject(new DOMException("The session was closed", "AbortError"));
    this.work = null;
    if (!this.inFlight) this.release();
  }

  /** Gives the pages back; the scheduler calls it when a closed session's frame has returned. */
  release(): void {
    this.#pool.release(this.pages, pagesFor(this.#positions));
    this.pages.length = 0;
    this.#onClose(this);
  }

  /** Pages for positions below `end`, taken from the session's reservation. */
  pagesUpTo(end: number): readonly number[] {
    while (this.pages.length < pagesFor(end)) this.pages.push(this.#pool.take());
    return this.pages.slice(0, pagesFor(end));
  }

  #ask(constraint: Constraint): Promise<Candidates> {
    if (this.closed) return Promise.reject(new DOMException("The session was closed", "AbortError"));
    if (this.work !== null) throw new TypeError("Session is busy; await the call before");
    if (this.ids.length === 0) throw new RangeError("Session has no token; sync at least one");
    if (this.ids.length > this.#positions) {
      throw new RangeError(`Session holds ${this.#positions} positions; ${this.ids.length} were asked for`);
    }
    return new Promise((resolve, reject) => {
      this.work = { session: this, constraint, pending: this.ids.length - this.computed, resolve, reject };
      this.#onWork();
    });
  }
}
