// The seam between HTTP and whatever answers: types only, no code, no imports.
// Two implementations: complete.ts (the edge engine) and origin/client.ts (a GPU behind HTTP).

export type Role = "system" | "user" | "assistant" | "tool";

/** One message of a conversation; content parts are already joined, `developer` is already `system`. */
export interface Message {
  readonly role: Role;
  readonly content: string;
}

/** A chat request that the edge has checked. Undefined means: not given, take the model's default. */
export interface ChatRequest {
  /** The name the client used. */
  readonly model: string;
  /**
   * Who asks, in a word that is no secret: what was computed for one request serves others of the same scope, and nobody
   * else. Undefined: no other request.
   */
  readonly scope?: string;
  readonly messages: readonly Message[];
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly seed?: number;
  /** Strings that end the answer and are not part of it. */
  readonly stop: readonly string[];
  /** Token ids that end the answer, beside the model's own. */
  readonly stopTokenIds: readonly number[];
  readonly ignoreEos: boolean;
  /** token id -> added to its logit, -100..100. */
  readonly logitBias: ReadonlyMap<number, number>;
  /** Log-probabilities: null when not asked for, else how many alternatives (0..20) beside the choice. */
  readonly topLogprobs: number | null;
}

export interface TopLogprob {
  readonly token: string;
  /** The token's bytes: a token may be a part of a character. */
  readonly bytes: readonly number[];
  /** Natural logarithm, of the raw distribution before penalties and temperature. */
  readonly logprob: number;
}

export interface TokenLogprob extends TopLogprob {
  readonly top: readonly TopLogprob[];
}

export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** How many of the prompt's tokens were computed before. */
  readonly cachedTokens: number;
}

export type FinishReason = "stop" | "length";

/** One piece of an answer. Zero or more `text`, then exactly one `finish`. */
export type Delta =
  | { readonly kind: "text"; readonly text: string; readonly logprobs: readonly TokenLogprob[] }
  | { readonly kind: "finish"; readonly reason: FinishReason; readonly usage: Usage };

/** What a completer gives: an answer in pieces, or a response that is forwarded unread. */
export type Completion = { readonly deltas: AsyncIterable<Delta> } | { readonly response: Response };

/**
 * Answers a request. Rejects with an AppError while nothing has been sent (400, 404, 429, 502, 503, 504);
 * after that errors come out of the iteration. Aborting the signal stops all work within one step.
 */
export interface Completer<Request = ChatRequest> {
  complete(request: Request, signal: AbortSignal): Promise<Completion>;
}

/** A request for an origin: the body as the client sent it, not checked. */
export interface ForwardRequest {
  readonly model: string;
  /** The body's text, from which the origin's is made: numbers beyond a double survive only here. */
  readonly raw: string;
}

/** Text services of the edge model, in llama-server's shapes. */
export interface TextTools {
  tokenize(request: {
    content: string;
    addSpecial: boolean;
    parseSpecial: boolean;
    withPieces: boolean;
  }): Promise<readonly number[] | readonly { id: number; piece: string | readonly number[] }[]>;
  detokenize(tokens: readonly number[]): Promise<string>;
  applyTemplate(messages: readonly Message[]): Promise<string>;
}

/** What GET /health and GET /v1/models tell of the edge model. */
export interface Status {
  readonly state: "loading" | "ready" | "failed";
  /** 0..1 of the weights. */
  readonly progress: number;
  /** Why it failed, fit for a stranger's eyes. */
  readonly reason?: string;
  /** null until its manifest has been read. */
  readonly model: {
    readonly name: string;
    /** Of the file that it was packed from, in hexadecimal. */
    readonly sha256: string;
    /** Tokens of prompt and answer together. */
    readonly contextLength: number;
    readonly quant: string;
  } | null;
}
