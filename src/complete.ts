// The way of a request, as code: messages, prompt, ids, session, candidates, choice, text, deltas. Read this first.
// Each step is one call, and each call leads into one folder.
// Takes the parts of a loaded model; gives the edge's Completer. Must not know: HTTP, kernels, where weights lie.

import type { Chain } from "./chain/chain.ts";
import type { Session } from "./chain/session.ts";
import type { ChatRequest, Completer, Completion, Delta, FinishReason, TokenLogprob, TopLogprob } from "./completer.ts";
import { ContextLengthError, RequestError } from "./errors.ts";
import type { Manifest } from "./model/manifest.ts";
import { maxPositions } from "./model/qwen2.ts";
import type { Prompter } from "./prompt/chatml.ts";
import { samplingParams, stopIds } from "./sample/defaults.ts";
import { generate } from "./sample/generate.ts";
import { type Choice, createSampler, type SamplingParams } from "./sample/sampler.ts";
import { AnswerText, type Piece } from "./sample/text.ts";
import { encodeParts } from "./token/encode.ts";
import type { Vocab } from "./token/vocab.ts";

export interface CompleterParts {
  readonly manifest: Pick<Manifest, "config" | "generation" | "tile_rows">;
  readonly prompter: Prompter;
  readonly vocab: Vocab;
  readonly chain: Pick<Chain, "open">;
  readonly limits: {
    /** Tokens of prompt and answer together; the model's own limit applies too. */
    readonly contextLength: number;
    /** The most tokens of an answer, whatever a request asks. */
    readonly maxTokens: number;
  };
}

/** A request that has been admitted. */
interface Job {
  readonly request: ChatRequest;
  readonly prompt: readonly number[];
  readonly params: SamplingParams;
  readonly stopIds: ReadonlySet<number>;
  readonly maxTokens: number;
  readonly opening: Promise<Session>;
  readonly signal: AbortSignal;
}

/**
 * The edge's completer. complete() rejects with a RequestError, ContextLengthError or BusyError before anything is
 * computed; what it gives holds a place in the chain until it is iterated to its end or the signal aborts.
 */
export function createCompleter({ manifest, prompter, vocab, chain, limits }: CompleterParts): Completer {
  const { config, generation, tile_rows } = manifest;
  const contextLength = Math.min(limits.contextLength, maxPositions(config));
  const facts = { generation, hiddenSize: config.hidden_size, vocab };

  const complete = async (request: ChatRequest, signal: AbortSignal): Promise<Completion> => {
    const params = samplingParams(request, facts);
    const prompt = encodeParts(vocab, prompter.render(request.messages));
    if (prompt.length === 0) throw new RequestError("The prompt has no tokens", { param: "messages" });
    const left = contextLength - prompt.length;
    if (left < 1) throw new ContextLengthError(contextLength, prompt.length);
    const maxTokens = Math.min(request.maxTokens ?? left, left, limits.maxTokens);
    const { scope } = request;
    const opening = chain.open({ prompt: prompt.length, positions: prompt.length + maxTokens, scope, signal });
    opening.catch(() => {}); // reported when the deltas are read; a client that left reads none
    return { deltas: run({ request, prompt, params, stopIds: stopIds(request, facts), maxTokens, opening, signal }) };
  };

  async function* run({ request, prompt, params, opening, ...job }: Job): AsyncGenerator<Delta, void> {
    const session = await opening;
    try {
      const sampler = createSampler(params, { math: session.math, tileRows: tile_rows });
      const answer = new AnswerText<Choice>(vocab, request.stop);
      let completionTokens = 0;
      let reason: FinishReason = "length";
      // The last token is chosen and not computed, so it needs no position.
      const maxTokens = Math.min(job.maxTokens, session.positions - prompt.length + 1);
      for await (const token of generate(session, prompt, { sampler, ...job, maxTokens })) {
        completionTokens++;
        if (token.end !== null) reason = token.end;
        if (token.end === "stop") break;
        const piece = answer.push(token);
        if (piece !== null) yield textDelta(vocab, piece);
        if (answer.isStopped) break;
      }
      const last = answer.end();
      const isWanted = last !== null && (last.text !== "" || params.topLogprobs !== null);
      if (isWanted) yield textDelta(vocab, last);
      if (answer.isStopped) reason = "stop";
      const { cachedTokens } = session;
      yield { kind: "finish", reason, usage: { promptTokens: prompt.length, completionTokens, cachedTokens } };
    } finally {
      session.close();
    }
  }

  return { complete };
}

function textDelta(vocab: Vocab, { text, tokens }: Piece<Choice>): Delta {
  const logprobs = tokens.flatMap(({ id, logprobs }): TokenLogprob[] =>
    logprobs === null
      ? []
      : [
          {
            ...named(vocab, id, logprobs.logprob),
            top: logprobs.top.map((other) => named(vocab, other.id, other.logprob)),
          },
        ],
  );
  return { kind: "text", text, logprobs };
}

/** A token as the client sees it; one that is a part of a character reads U+FFFD, its bytes tell. */
function named(vocab: Vocab, id: number, logprob: number): TopLogprob {
  const bytes = vocab.bytesOf(id);
  return { token: new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes), bytes: [...bytes], logprob };
}
