// A scripted Completer and the parts of an app around it, for tests of HTTP that need no model.
// Owns: scripts of deltas, delays and errors; a record of what was asked and whether it was aborted.

import { type AppParts, createApp } from "../../src/app.ts";
import type { ChatRequest, Completer, Delta, ForwardRequest, Status, TextTools, Usage } from "../../src/completer.ts";
import { type Config, readConfig } from "../../src/config.ts";
import type { OpenPageFile } from "../../src/http/page.ts";
import { createOriginCompleter } from "../../src/origin/client.ts";

/** One thing that a scripted answer does: give a delta, wait (or until aborted), or throw. */
export type Step = Delta | { readonly waitMs: number } | { readonly error: Error };

export const USAGE: Usage = { promptTokens: 7, completionTokens: 3, cachedTokens: 4 };

/** The deltas of an answer: one text each, then the finish. */
export function says(...texts: readonly string[]): Step[] {
  const deltas = texts.map((text): Delta => ({ kind: "text", text, logprobs: [] }));
  return [...deltas, { kind: "finish", reason: "stop", usage: USAGE }];
}

export class ScriptedCompleter implements Completer {
  readonly requests: ChatRequest[] = [];
  /** Resolves when a running answer's signal is aborted. */
  readonly aborted: Promise<void>;
  isAborted = false;
  /** How many deltas were asked for: a slow reader must hold the answer back. */
  given = 0;
  readonly #steps: readonly Step[];
  readonly #rejection: Error | undefined;
  #tellAborted: () => void = () => undefined;

  /** `rejection`: thrown by complete() itself, before anything is sent. */
  constructor(steps: readonly Step[], { rejection }: { rejection?: Error } = {}) {
    this.#steps = steps;
    this.#rejection = rejection;
    this.aborted = new Promise((resolve) => {
      this.#tellAborted = resolve;
    });
  }

  async complete(request: ChatRequest, signal: AbortSignal): Promise<{ deltas: AsyncIterable<Delta> }> {
    this.requests.push(request);
    if (this.#rejection !== undefined) throw this.#rejection;
    const stop = (): void => {
      this.isAborted = true;
      this.#tellAborted();
    };
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
    return { deltas: this.#run(signal) };
  }

  async *#run(signal: AbortSignal): AsyncGenerator<Delta> {
    for (const step of this.#steps) {
      signal.throwIfAborted();
      if ("error" in step) throw step.error;
      if ("waitMs" in step) {
        await wait(step.waitMs, signal);
      } else {
        this.given++;
        yield step;
      }
    }
  }
}

/** Waits, or rejects at once when the signal is aborted. */
function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

export const READY: Status = {
  state: "ready",
  progress: 1,
  model: { name: "tiny", sha256: "0".repeat(64), contextLength: 4096, quant: "q8" },
};

/** Text tools over characters: a token is a code unit. */
export const characters: TextTools = {
  async tokenize({ content, withPieces }) {
    const ids = Array.from({ length: content.length }, (_, i) => content.charCodeAt(i));
    return withPieces ? ids.map((id) => ({ id, piece: String.fromCharCode(id) })) : ids;
  },
  async detokenize(tokens) {
    return String.fromCharCode(...tokens);
  },
  async applyTemplate(messages) {
    return messages.map(({ role, content }) => `<${role}>${content}`).join("");
  },
};

export interface FakeParts {
  readonly edge?: Completer;
  readonly origin?: Completer<ForwardRequest>;
  readonly status?: () => Promise<Status>;
  readonly env?: Readonly<Record<string, unknown>>;
  readonly text?: TextTools;
  readonly page?: OpenPageFile;
}

/** An app on fakes; `log` holds what it logged. */
export function fakeApp({ edge, origin, status, env = {}, text = characters, page }: FakeParts = {}): {
  app: ReturnType<typeof createApp>;
  log: Readonly<Record<string, unknown>>[];
  config: Config;
} {
  const config = readConfig(env);
  const log: Readonly<Record<string, unknown>>[] = [];
  const parts: AppParts = {
    completers: {
      edge: edge ?? new ScriptedCompleter(says("Hello", " world")),
      origin: origin ?? createOriginCompleter(config.origins),
    },
    text,
    status: status ?? (async () => READY),
    config,
    ...(page && { page }),
    log: (entry) => log.push(entry),
  };
  return { app: createApp(parts), log, config };
}

/** A POST with a JSON body. */
export function post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Request {
  return new Request(`http://edge.test${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** A chat request with one user message and the given fields beside it. */
export function ask(fields: Readonly<Record<string, unknown>> = {}): Request {
  return post("/v1/chat/completions", { messages: [{ role: "user", content: "hi" }], ...fields });
}
