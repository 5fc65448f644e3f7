// Admission: who computes, who waits in line, who is paused. It keeps the KV budget: a session is let in when there is room
// for its prompt, not for all that its answer may become, so the pages can run out. Then those are paused whose clients do not
// read, and after them the youngest.
// Takes sizes and a pool; gives sessions. Must not know: frames, stages, ids.
//
// Sessions stand in the order of their age. While it is read, the oldest is never paused, so it always ends. Who was paused
// goes on when it and all who run have room to grow by half of its length. So a session that is paused more than once has
// become longer each time, and all that is computed again is a small multiple of what it is at last; and nobody waits for
// room that answers may have and seldom take. Of a session that stalled nothing is waited for: its own pages are given to
// anybody, none are kept for it, it is none of those that compute, and paused it keeps nobody out.

import { PAGE } from "../engine/kv-cache.ts";
import { BusyError } from "../errors.ts";
import { type PagePool, pagesFor } from "./pages.ts";
import type { ChainSession } from "./session.ts";

/** Tokens by which a paused session shall at least be able to grow when it goes on. */
const LEAST_GROWTH = 4 * PAGE;

export interface AdmissionLimits {
  /** Sessions that compute at once; one that stalled does not. */
  readonly maxSessions: number;
  /** Sessions that may wait to be admitted. */
  readonly queue: number;
}

/** What a session asks for. */
export interface Opening {
  /** Tokens that it begins with; without it, room for all positions is waited for. */
  readonly prompt?: number;
  /** Tokens of prompt and answer, at most. */
  readonly positions: number;
  /** Computed prefixes are shared among the sessions of one scope; without one, with nobody. */
  readonly scope?: string | undefined;
  readonly signal: AbortSignal;
}

interface Waiting {
  readonly prompt: number;
  readonly positions: number;
  readonly signal: AbortSignal;
  readonly admit: () => void;
}

export class Admission {
  readonly #pool: PagePool;
  readonly #limits: AdmissionLimits;
  readonly #create: (opening: Required<Opening>) => ChainSession;
  readonly #waiting: Waiting[] = [];
  /** The oldest first. */
  #sessions: ChainSession[] = [];

  constructor(pool: PagePool, limits: AdmissionLimits, create: (opening: Required<Opening>) => ChainSession) {
    this.#pool = pool;
    this.#limits = limits;
    this.#create = create;
  }

  /** All sessions that were admitted and are not closed, the oldest first. */
  get sessions(): readonly ChainSession[] {
    return this.#sessions;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * A session; waits in line until there is room. Aborting the signal while it waits rejects, later closes the session.
   * @throws {BusyError} at once, when the line is full
   * @throws {RangeError} when the pool could never hold the prompt
   */
  open({ positions: asked, prompt = asked, scope, signal }: Opening): Promise<ChainSession> {
    const { size } = this.#pool;
    if (pagesFor(prompt) > size) throw new RangeError(`The KV pool has ${size} pages; ${pagesFor(prompt)} were asked`);
    const positions = Math.min(asked, size * PAGE);
    const admit = () => this.#admit({ prompt, positions, scope, signal });
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#waiting.length === 0 && this.#fits({ prompt, positions })) return Promise.resolve(admit());
    if (this.#waiting.length >= this.#limits.queue) {
      const ahead = this.#waiting.length + this.#sessions.length;
      throw new BusyError(`${ahead} requests are ahead and the queue is full; try again later`, 5);
    }
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason);
        this.advance(); // whoever stood behind may fit
      };
      const waiting: Waiting = {
        prompt,
        positions,
        signal,
        admit: () => {
          signal.removeEventListener("abort", onAbort);
          resolve(admit());
        },
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.push(waiting);
    });
  }

  /** Lets those go on that were paused, then those in that wait: whoever is first in line is never overtaken. */
  advance(): void {
    for (const session of this.#sessions) {
      if (!session.paused || session.stalled) continue;
      const growth = Math.max(LEAST_GROWTH, session.timeline.ids.length / 2);
      const needed = pagesAhead(session, growth) + this.#growth((other) => pagesAhead(other, growth));
      if (this.#running().length > 0 && !this.#makeRoom(needed)) return;
      session.paused = false;
    }
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      // One whose signal was aborted just now leaves the line by itself, and calls this again.
      if (first.signal.aborted || !this.#fits(first)) return;
      this.#waiting.shift();
      first.admit();
    }
  }

  /**
   * Gives a session pages for its positions below `end`. Where there are none left it pauses those that stalled, then the
   * youngest, maybe itself. False: not now.
   */
  grant(session: ChainSession, end: number): boolean {
    const missing = pagesFor(end) - session.timeline.pages;
    while (!session.paused && !this.#makeRoom(missing)) {
      const running = this.#running();
      const youngest = running.at(-1)!;
      // One whose frame is under way gives its pages up when it is back.
      if (youngest.inFlight || running.length === 1) return false;
      youngest.pause();
    }
    if (!session.paused) session.timeline.reserve(end);
    return !session.paused;
  }

  /** Forgets a session that was closed. */
  leave(session: ChainSession): void {
    this.#sessions = this.#sessions.filter((other) => other !== session);
    this.advance();
  }

  #admit(opening: Required<Opening>): ChainSession {
    const session = this.#create(opening);
    this.#sessions.push(session);
    return session;
  }

  #running(): ChainSession[] {
    return this.#sessions.filter((session) => !session.paused);
  }

  /** Makes room for the prompt and a page of answer, beside what the others have and will need next, where it can. */
  #fits({ prompt, positions }: Pick<Waiting, "prompt" | "positions">): boolean {
    if (this.#sessions.filter(({ stalled }) => !stalled).length >= this.#limits.maxSessions) return false;
    if (this.#sessions.some(({ paused, stalled }) => paused && !stalled)) return false;
    const others = this.#growth((other) => pagesAhead(other, PAGE));
    return this.#makeRoom(others + pagesFor(Math.min(prompt + PAGE, positions)));
  }

  /** Whether `count` pages can be taken, if need be those of sessions that stalled; the youngest gives up its own first. */
  #makeRoom(count: number): boolean {
    for (const session of this.#running().reverse()) {
      if (this.#pool.hasRoom(count)) return true;
      if (session.stalled) session.pause();
    }
    return this.#pool.hasRoom(count);
  }

  /** Pages that sessions which run and are read lack of what `needs` says. */
  #growth(needs: (session: ChainSession) => number): number {
    const active = this.#sessions.filter(({ isActive }) => isActive);
    return active.reduce((sum, session) => sum + Math.max(0, needs(session) - session.timeline.pages), 0);
  }
}

/** What a session has when it is so many tokens longer, or at its end. */
function pagesAhead({ prompt, positions, timeline }: ChainSession, tokens: number): number {
  return pagesFor(Math.min(Math.max(prompt, timeline.ids.length) + tokens, positions));
}
