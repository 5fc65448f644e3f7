// One answer that is being asked for, as it is watched: its text, what is told beside it, and why it waits.
// Owns: the pace at which a view hears of it (once a frame), trying again while the server is busy or loading, and
// stopping. Takes a request; gives signals and the finished answer. Must not know: conversations, a view.

import { batch, type ReadonlySignal, signal } from "@preact/signals";
import { type Draft, startDraft } from "../answer.ts";
import type { ApiError } from "../api-error.ts";
import type { AnswerInfo } from "../conversation.ts";
import type { ChatBody } from "../settings.ts";
import { streamChat } from "../stream.ts";
import { asApiError, connection, pause, waitUntilReady } from "./connection.ts";

/** Why there is no answer yet, and when it is asked for again; null seconds when that is not known. */
export interface Wait {
  readonly kind: "busy" | "loading";
  readonly seconds: number | null;
}

export interface Finished {
  readonly text: string;
  readonly info: AnswerInfo;
}

export interface Asking {
  readonly text: ReadonlySignal<string>;
  readonly info: ReadonlySignal<AnswerInfo>;
  readonly wait: ReadonlySignal<Wait | null>;
  /** What has come until now, also of a page in the background, which draws no frames. */
  soFar(): Finished;
  /** What came is kept. */
  stop(): void;
  /** Ends the wait at once. */
  retryNow(): void;
  readonly finished: Promise<Finished>;
}

const MOST_TRIES = 20;
const LEAST_WAIT_MS = 1000;
const DEFAULT_WAIT_SECONDS = 2;
/** Numbers that change with each frame cannot be read. */
const INFO_EVERY_MS = 250;

/** Sends the request at once. `finished` never rejects: an error is part of the answer's info. */
export function startAsking(body: ChatBody): Asking {
  const abort = new AbortController();
  let draft = startDraft(body, performance.now());
  const text = signal("");
  const info = signal(draft.info());
  const wait = signal<Wait | null>(null);
  let skipWait = (): void => undefined;
  let toldInfoAt = 0;

  const tell = paced(() => {
    batch(() => {
      text.value = draft.text;
      if (performance.now() - toldInfoAt < INFO_EVERY_MS) return;
      toldInfoAt = performance.now();
      info.value = draft.info();
    });
  });

  const waitFor = async (error: ApiError): Promise<void> => {
    const waiting = new AbortController();
    skipWait = () => waiting.abort();
    const either = AbortSignal.any([abort.signal, waiting.signal]);
    try {
      if (error.kind === "loading") {
        wait.value = { kind: "loading", seconds: null };
        // A server that calls itself ready and refuses is not asked without end.
        await Promise.all([waitUntilReady(either), pause(LEAST_WAIT_MS, either)]);
      }
      for (let seconds = secondsOf(error); seconds > 0; seconds--) {
        wait.value = { kind: error.kind as Wait["kind"], seconds };
        await pause(1000, either);
      }
    } catch (cause) {
      if (!waiting.signal.aborted) throw cause;
    } finally {
      wait.value = null;
    }
  };

  const run = async (): Promise<Finished> => {
    for (let tries = 1; ; tries++) {
      try {
        draft = startDraft(body, performance.now());
        await receive(draft, body, abort.signal, tell.soon);
        return finish(abort.signal.aborted ? "stopped" : "done");
      } catch (cause) {
        const error = asApiError(cause);
        if (abort.signal.aborted) return finish("stopped");
        const isPassing = (error.kind === "busy" || error.kind === "loading") && draft.text === "";
        if (!isPassing || tries === MOST_TRIES) return finish(error);
        const failed = await waitFor(error).then(
          () => undefined,
          (reason: unknown) => asApiError(reason),
        );
        if (abort.signal.aborted) return finish("stopped");
        if (failed !== undefined) return finish(failed);
      }
    }
  };

  const finish = (outcome: "done" | "stopped" | ApiError): Finished => {
    tell.cancel();
    const last = { text: draft.text, info: draft.end(outcome) };
    batch(() => {
      text.value = last.text;
      info.value = last.info;
    });
    return last;
  };

  const soFar = (): Finished => ({ text: draft.text, info: draft.info() });
  return { text, info, wait, soFar, stop: () => abort.abort(), retryNow: () => skipWait(), finished: run() };
}

async function receive(draft: Draft, body: ChatBody, abort: AbortSignal, told: () => void): Promise<void> {
  for await (const event of streamChat(connection.value, body, abort)) {
    draft.add(event, performance.now());
    told();
  }
}

/** A loading model has been waited for already. */
function secondsOf({ kind, retryAfterSeconds }: ApiError): number {
  return kind === "loading" ? 0 : Math.max(1, retryAfterSeconds ?? DEFAULT_WAIT_SECONDS);
}

/** Calls `tell` once before the next frame, however often it is asked to. */
function paced(tell: () => void): { soon(): void; cancel(): void } {
  let frame = 0;
  return {
    soon() {
      if (frame !== 0) return;
      frame = requestAnimationFrame(() => {
        frame = 0;
        tell();
      });
    },
    cancel() {
      cancelAnimationFrame(frame);
      frame = 0;
    },
  };
}
