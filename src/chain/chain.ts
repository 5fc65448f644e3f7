// The chain: stages joined. It sends frames from stage to stage until they are done, and gives each session its candidates.
// Who is in a frame is the scheduler's choice, who has pages is admission's. Takes stages and their plan; gives Sessions.
// Must not know: what a stage computes, text, HTTP.

import type { ScalarMath } from "../../kernels/abi.ts";
import { type Depth, type Frame, type HeadResult, nextTask, type Task } from "../engine/frame.ts";
import { decodeFrame, encodeFrame } from "../engine/frame-codec.ts";
import type { Stage } from "../engine/stage.ts";
import { UnavailableError } from "../errors.ts";
import type { Manifest } from "../model/manifest.ts";
import { Admission, type AdmissionLimits, type Opening } from "./admission.ts";
import { type Batch, headBatch, type Part, rowBatch } from "./batch.ts";
import { mergeResults } from "./merge.ts";
import { PagePool, pagesFor } from "./pages.ts";
import { Prefixes } from "./prefix.ts";
import { type Choice, charge, choose, waitingPrompts } from "./scheduler.ts";
import { ChainSession, type Session } from "./session.ts";
import { Timeline } from "./timeline.ts";

export interface ChainLimits extends AdmissionLimits {
  /** Rows of a frame. As the stages' own. */
  readonly rows: number;
  /** Positions of the KV pool. As the stages' own. */
  readonly kvPositions: number;
}

export class Chain {
  readonly #stages: readonly Stage[];
  readonly #plan: Manifest["stages"];
  readonly #depth: Depth;
  readonly #hiddenSize: number;
  readonly #math: ScalarMath;
  readonly #limits: ChainLimits;
  readonly #pool: PagePool;
  readonly #prefixes = new Prefixes();
  readonly #admission: Admission;
  #framesInFlight = 0;
  #frames = 0;

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
    this.#admission = new Admission(this.#pool, limits, (opening) => this.#create(opening));
  }

  /** Sessions that were admitted, and sessions that wait to be. */
  get load(): { readonly active: number; readonly waiting: number } {
    return { active: this.#admission.sessions.length, waiting: this.#admission.waiting };
  }

  /**
   * A session; waits in line until there is room for its prompt. Should the pages run out later, the youngest sessions are
   * paused and computed again: they wait, their bits stay the same.
   * Aborting the signal while it waits rejects; aborting later closes the session.
   * @throws {BusyError} at once, when the line is full
   * @throws {RangeError} when the pool could never hold the prompt
   */
  open(opening: Opening): Promise<Session> {
    return this.#admission.open(opening);
  }

  #create({ prompt, positions, scope, signal }: Required<Opening>): ChainSession {
    const root = this.#prefixes.root(scope);
    const session = new ChainSession({
      timeline: new Timeline(this.#pool, root),
      prompt,
      positions,
      math: this.#math,
      onWork: () => this.#pump(),
      onClose: (closed) => {
        if (scope === undefined) this.#pool.forget(root); // nobody can find what it computed
        signal.removeEventListener("abort", close);
        this.#admission.leave(closed);
        this.#pump(); // whoever was paused may go on
      },
    });
    const close = () => session.close();
    signal.addEventListener("abort", close, { once: true });
    return session;
  }

  #pump(): void {
    while (this.#framesInFlight < this.#stages.length) {
      const batch = this.#nextBatch();
      if (batch === null) return;
      this.#framesInFlight++;
      this.#frames++;
      for (const [i, { session, isAgain }] of batch.works.entries()) {
        session.inFlight = true;
        session.rowsInFlight = isAgain ? 0 : batch.frame.segments[i]!.length;
        session.servedAt = this.#frames;
      }
      void this.#send(batch);
    }
  }

  /** The next frame, with pages for all of its rows; null when nobody can go on now. */
  #nextBatch(): Batch | null {
    const limits = { stages: this.#stages.length, rows: this.#limits.rows };
    const refused = new Set<ChainSession>();
    for (;;) {
      this.#admission.advance();
      const choice = choose(this.#admission.sessions, limits, refused);
      if (choice === null) return null;
      if (choice.kind === "heads") return headBatch(choice.works);
      const parts = this.#granted(choice);
      if (parts.length > 0) return rowBatch(parts);
      // They wait for pages of frames under way, or were paused. Others may have all that they need.
      for (const { session } of choice.works) if (!session.paused) refused.add(session);
    }
  }

  /** Those of the chosen that got their pages, and how many rows they have. The oldest are asked first. */
  #granted({ works, chunk }: Choice): Part[] {
    const { sessions } = this.#admission;
    const waiting = waitingPrompts(sessions);
    const rows = new Map<ChainSession, number>();
    for (const session of sessions) {
      if (!works.some((work) => work.session === session)) continue;
      if (!session.paused) session.timeline.adopt();
      const count = Math.min(session.pending, chunk(session.timeline.computed));
      if (this.#admission.grant(session, session.timeline.computed + count)) rows.set(session, count);
    }
    const parts = works.flatMap((work) => {
      const count = rows.get(work.session);
      return count === undefined || work.session.paused ? [] : [{ work, rows: count }];
    });
    for (const { work, rows } of parts) {
      if (waiting.includes(work)) charge(waiting, work.session, rows);
    }
    return parts;
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
        session.rowsInFlight = 0;
        if (session.closed) session.release();
      }
      await turn; // aborts, timers and other requests get theirs after each step
      // Sessions side by side ask for their next step once their readers took this one; they would miss the frame.
      if (this.#admission.sessions.filter(({ isActive }) => isActive).length > 1) await macrotask();
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

  #settle({ works, frame: { segments } }: Batch, frame: Frame, parts: readonly HeadResult[][]): void {
    const D = this.#hiddenSize;
    let head = 0;
    for (const [i, work] of works.entries()) {
      const { session, constraint, isAgain } = work;
      const { length, heads } = segments[i]!;
      if (!isAgain) session.timeline.advance(length);
      if (heads.length === 0) continue;
      const hidden = frame.hidden.slice(head * D, (head + 1) * D);
      const results = parts.map((part) => part[head]!);
      head++;
      session.answer(work, hidden, mergeResults(results, constraint, this.#math));
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
