// The chain: stages joined. It admits sessions, sends frames from stage to stage until they are done, and gives each
// session its candidates. Takes stages and their plan; gives Sessions.
// Must not know: what a stage computes, text, HTTP.

import type { ScalarMath } from "../../kernels/abi.ts";
import { type Depth, type Frame, type HeadResult, nextTask, type Task } from "../engine/frame.ts";
import { decodeFrame, encodeFrame } from "../engine/frame-codec.ts";
import type { Stage } from "../engine/stage.ts";
import { BusyError, UnavailableError } from "../errors.ts";
import type { Manifest } from "../model/manifest.ts";
import { mergeResults } from "./merge.ts";
import { PagePool, pagesFor } from "./pages.ts";
import { type Batch, nextBatch } from "./scheduler.ts";
import { ChainSession, type Session } from "./session.ts";

export interface ChainLimits {
  /** Rows of a frame: a chunk of prefill. As the stages' own. */
  readonly rows: number;
  /** Positions of the KV pool. As the stages' own. */
  readonly kvPositions: number;
  /** Sessions that compute at once. */
  readonly maxSessions: number;
  /** Sessions that may wait to be admitted. */
  readonly queue: number;
}

interface Waiting {
  readonly positions: number;
  readonly admit: () => void;
}

export class Chain {
  readonly #stages: readonly Stage[];
  readonly #plan: Manifest["stages"];
  readonly #depth: Depth;
  readonly #hiddenSize: number;
  readonly #math: ScalarMath;
  readonly #limits: ChainLimits;
  readonly #pool: PagePool;
  readonly #waiting: Waiting[] = [];
  #sessions: ChainSession[] = [];
  #framesInFlight = 0;

  constructor(options: { manifest: Manifest; stages: readonly Stage[]; math: ScalarMath; limits: ChainLimits }) {
    const { manifest, stages, math, limits } = options;
    if (stages.length !== manifest.stages.length) {
      throw new RangeError(`The plan has ${manifest.stages.length} stages, ${stages.length} were given`);
    }
    this.#stages = stages;
    this.#plan = manifest.stages;
    const { num_hidden_layers, vocab_size, hidden_size } = manifest.config;
    this.#hiddenSize = hidden_size;
    this.#depth = { layers: num_hidden_layers, rows: vocab_size, tileRows: manifest.tile_rows };
    this.#math = math;
    this.#limits = limits;
    this.#pool = new PagePool(pagesFor(limits.kvPositions));
  }

  /** Sessions that compute, and sessions that wait to. */
  get load(): { readonly active: number; readonly waiting: number } {
    return { active: this.#sessions.length, waiting: this.#waiting.length };
  }

  /**
   * A session of at most `positions` tokens, prompt and answer together; waits in line until they are free.
   * Aborting the signal while it waits rejects; aborting later closes the session.
   * @throws {BusyError} at once, when the line is full
   * @throws {RangeError} when the pool could never hold it
   */
  open(options: { positions: number; signal: AbortSignal }): Promise<Session> {
    const { positions, signal } = options;
    const pages = pagesFor(positions);
    if (pages > this.#pool.size) throw new RangeError(`The KV pool has ${this.#pool.size} pages; ${pages} were asked`);
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#waiting.length === 0 && this.#fits(positions)) return Promise.resolve(this.#admit(positions, signal));
    if (this.#waiting.length >= this.#limits.queue) {
      const ahead = this.#waiting.length + this.#sessions.length;
      throw new BusyError(`${ahead} requests are ahead and the queue is full; try again later`, 5);
    }
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason);
        this.#admitWaiting(); // whoever stood behind may fit
      };
      const waiting: Waiting = {
        positions,
        admit: () => {
          signal.removeEventListener("abort", onAbort);
          resolve(this.#admit(positions, signal));
        },
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.push(waiting);
    });
  }

  #fits(positions: number): boolean {
    if (this.#sessions.length >= this.#limits.maxSessions) return false;
    return this.#pool.hasRoom(pagesFor(positions));
  }

  #admit(positions: number, signal: AbortSignal): Session {
    this.#pool.reserve(pagesFor(positions));
    const session = new ChainSession({
      pool: this.#pool,
      positions,
      math: this.#math,
      onWork: () => this.#pump(),
      onClose: (closed) => {
        this.#sessions = this.#sessions.filter((s) => s !== closed);
        signal.removeEventListener("abort", close);
        this.#admitWaiting();
      },
    });
    const close = () => session.close();
    signal.addEventListener("abort", close, { once: true });
    this.#sessions.push(session);
    return session;
  }

  /** First come, first served: the head of the line is never overtaken, so it cannot starve. */
  #admitWaiting(): void {
    while (this.#waiting[0] !== undefined && this.#fits(this.#waiting[0].positions)) {
      const { admit } = this.#waiting.shift()!;
      admit();
    }
  }

  #pump(): void {
    while (this.#framesInFlight < this.#stages.length) {
      const batch = nextBatch(this.#sessions, { stages: this.#stages.length, rows: this.#limits.rows });
      if (batch === null) return;
      this.#framesInFlight++;
      for (const { session } of batch.works) session.inFlight = true;
      void this.#send(batch);
    }
  }

  /** Sends one batch along the chain, settles its works, and lets the next one start. */
  async #send(batch: Batch): Promise<void> {
    const turn = macrotask(); // begun before the work: a timer takes a millisecond, and that one is then over
    try {
      const { frame, parts } = await this.#travel(batch.frame);
      this.#settle(batch, frame, parts);
    } catch (error) {
      for (const work of batch.works) {
        if (work.session.work === work) work.session.work = null;
        work.reject(new UnavailableError("The model stopped while it was computing", 1, { cause: error }));
      }
    } finally {
      for (const { session } of batch.works) {
        session.inFlight = false;
        if (session.closed) session.release();
      }
      // Whoever was served goes to the back of the line.
      const served = new Set(batch.works.map((work) => work.session));
      this.#sessions = [
        ...this.#sessions.filter((s) => !served.has(s)),
        ...this.#sessions.filter((s) => served.has(s)),
      ];
      await turn; // aborts, timers and other requests get theirs after each step
      // Sessions side by side ask for their next step once their readers took this one; they would miss the frame.
      if (this.#sessions.length > 1) await macrotask();
      this.#framesInFlight--;
      this.#pump();
    }
  }

  /** The frame's way: from stage to stage until nothing is left to do. Head results are collected by stage. */
  async #travel(start: Frame): Promise<{ frame: Frame; parts: HeadResult[][] }> {
    const parts: HeadResult[][] = [];
    let frame = start;
    for (let task = nextTask(frame, this.#depth); task.kind !== "done"; task = nextTask(frame, this.#depth)) {
      const stage = this.#stages[this.#plan.findIndex((plan) => holds(plan, task))]!;
      frame = decodeFrame(await stage.run(encodeFrame(frame)));
      if (frame.results.length > 0) parts.push([...frame.results]);
    }
    return { frame, parts };
  }

  #settle(batch: Batch, frame: Frame, parts: readonly HeadResult[][]): void {
    const D = this.#hiddenSize;
    let head = 0;
    for (const [i, work] of batch.works.entries()) {
      const segment = batch.frame.segments[i]!;
      const { session } = work;
      if (work.pending > 0) {
        work.pending -= segment.length;
        session.computed += segment.length;
      }
      if (segment.heads.length === 0) continue;
      session.hidden = frame.hidden.slice(head * D, (head + 1) * D);
      const candidates = mergeResults(
        parts.map((part) => part[head]!),
        work.constraint,
        this.#math,
      );
      head++;
      if (session.work === work) session.work = null;
      work.resolve(candidates);
    }
  }
}

function holds(plan: Manifest["stages"][number], task: Task): boolean {
  const [first, end] = task.kind === "layer" ? plan.layers : plan.rows;
  const at = task.kind === "layer" ? task.layer : task.kind === "done" ? -1 : task.row;
  return at >= first && at < end;
}

function macrotask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
