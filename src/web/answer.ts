// An answer as it grows: the events of a stream become a text and what is told beside it.
// Owns: times, speed, and the bounded copy of the raw response. Takes events and the clock's time; gives AnswerInfo.
// Must not know: the network, a view.

import { type ApiError, PAGE_CODES } from "./api-error.ts";
import type { AnswerError, AnswerInfo } from "./conversation.ts";
import { keepRequest } from "./kept-request.ts";
import { type Maker, UNKNOWN_MAKER } from "./maker.ts";
import type { ChatBody } from "./settings.ts";
import type { StreamEvent, Usage } from "./stream.ts";

/** How an answer ended: by itself, by the person, or by an error. */
export type Outcome = "done" | "stopped" | ApiError;

/** Mutable: one for each request. */
export interface Draft {
  /** What has come. */
  readonly text: string;
  /** Takes an event at `now`, a time in milliseconds of any steady clock (performance.now()). */
  add(event: StreamEvent, now: number): void;
  /** What is known so far. */
  info(): AnswerInfo;
  /** The last info: an answer that is done and has no text carries the error `empty`. */
  end(outcome: Outcome): AnswerInfo;
}

/** Characters of the two ends of a raw response: every answer of the history holds them. */
const MOST_HEAD = 24_000;
const MOST_TAIL = 8_000;
const MOST_LINE = 4_000;

/** A draft of the answer to `body`, asked at `startedAt`. */
export function startDraft(body: ChatBody, startedAt: number): Draft {
  const kept = keepRequest(body);
  const lines = boundedLines();
  let text = "";
  let texts = 0;
  let firstTextAt = 0;
  let lastTextAt = 0;
  let maker: Maker = { ...UNKNOWN_MAKER, model: body.model ?? null };
  let finishReason: string | null = null;
  let usage: Usage | undefined;

  const made = ({ route, model }: Maker): void => {
    maker = { route: route ?? maker.route, model: model ?? maker.model };
  };

  const info = (): AnswerInfo => ({
    model: maker.model,
    route: maker.route,
    finishReason,
    promptTokens: usage?.promptTokens ?? null,
    completionTokens: usage?.completionTokens ?? null,
    cachedTokens: usage?.cachedTokens ?? null,
    firstTokenMs: texts === 0 ? null : firstTextAt - startedAt,
    tokensPerSecond: speed(usage?.completionTokens ?? texts, lastTextAt - firstTextAt),
    ...kept,
    response: lines.text(),
  });

  return {
    get text() {
      return text;
    },
    add(event, now) {
      switch (event.kind) {
        case "open":
          made(event);
          break;
        case "raw":
          lines.add(event.data);
          break;
        case "text":
          if (texts++ === 0) firstTextAt = now;
          lastTextAt = now;
          text += event.text;
          break;
        case "finish":
          finishReason = event.reason;
          break;
        case "usage":
          usage = event;
          break;
      }
    },
    info,
    end(outcome) {
      // A refusal has no open event, but says who refused all the same.
      if (typeof outcome === "object") made(outcome.maker);
      const last = info();
      if (outcome === "done") return text.trim() === "" ? { ...last, error: EMPTY } : last;
      if (outcome === "stopped") return { ...last, finishReason: finishReason ?? "stopped" };
      return { ...last, error: toAnswerError(outcome) };
    },
  };
}

const EMPTY: AnswerError = { kind: "empty", code: null, message: "", param: null, retryAfterSeconds: null };

/** An error as it is shown and stored. */
export function toAnswerError({ kind, code, message, param, retryAfterSeconds }: ApiError): AnswerError {
  const isOurs = PAGE_CODES.some((own) => own === code);
  return { kind, code, message: isOurs ? "" : message, param, retryAfterSeconds };
}

/** What a network delivers in one packet tells no speed. */
const SHORTEST_MS = 10;

/** Of the tokens after the first; while no usage has come, a piece of text counts as one. */
function speed(tokens: number, ms: number): number | null {
  return tokens < 2 || ms < SHORTEST_MS ? null : ((tokens - 1) * 1000) / ms;
}

/** The first and the last lines of what is added, and how many are left out between them. */
function boundedLines(): { add(line: string): void; text(): string } {
  const head: string[] = [];
  const tail: string[] = [];
  let headSize = 0;
  let tailSize = 0;
  let left = 0;
  return {
    add(data) {
      const line = data.length > MOST_LINE ? `${data.slice(0, MOST_LINE)}…` : data;
      if (tail.length === 0 && left === 0 && headSize + line.length <= MOST_HEAD) {
        head.push(line);
        headSize += line.length;
        return;
      }
      tail.push(line);
      tailSize += line.length;
      while (tailSize > MOST_TAIL) {
        tailSize -= tail.shift()!.length;
        left++;
      }
    },
    text() {
      const gap = left === 0 ? [] : [`… ${left} lines left out …`];
      return [...head, ...gap, ...tail].join("\n");
    },
  };
}
