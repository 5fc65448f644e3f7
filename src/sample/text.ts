// An answer's tokens as text: whole characters, without special tokens, cut before the first stop string.
// Takes tokens one by one; gives pieces of text, each with the tokens whose text begins in it. Held back is only what
// may still become a character or a stop string. Must not know: sessions, draws, HTTP.

import { Decoder } from "../token/decode.ts";
import { StopMatcher } from "../token/stop.ts";
import type { Vocab } from "../token/vocab.ts";

/** A piece of the answer; `tokens` may be empty, and the text too when only tokens are left at the end. */
export interface Piece<Token> {
  readonly text: string;
  readonly tokens: readonly Token[];
}

export class AnswerText<Token extends { readonly id: number }> {
  readonly #decoder: Decoder;
  readonly #stops: StopMatcher;
  /** Tokens not given yet, with the place in the text where theirs begins. */
  #waiting: { token: Token; from: number }[] = [];
  /** Characters decoded, and given. */
  #decoded = 0;
  #given = 0;

  constructor(vocab: Vocab, stop: readonly string[]) {
    this.#decoder = new Decoder(vocab, { skipSpecial: true });
    this.#stops = new StopMatcher(stop);
  }

  /** A stop string was found: the answer ends before it. */
  get isStopped(): boolean {
    return this.#stops.stopped !== null;
  }

  /** The piece that this token decides; null: nothing yet. */
  push(token: Token): Piece<Token> | null {
    this.#waiting.push({ token, from: this.#decoded });
    return this.#give(this.#decoder.push(token.id));
  }

  /** What was held back, at the end; null: nothing. */
  end(): Piece<Token> | null {
    const last = this.#give(this.#decoder.flush());
    if (this.isStopped) return last;
    const text = (last?.text ?? "") + this.#stops.flush();
    const tokens = [...(last?.tokens ?? []), ...this.#waiting.map(({ token }) => token)];
    this.#waiting = [];
    return text === "" && tokens.length === 0 ? null : { text, tokens };
  }

  #give(decoded: string): Piece<Token> | null {
    this.#decoded += decoded.length;
    const text = this.#stops.push(decoded);
    if (text === "") return null;
    this.#given += text.length;
    const begun = this.#waiting.filter(({ from }) => from < this.#given);
    this.#waiting = this.#waiting.slice(begun.length);
    return { text, tokens: begun.map(({ token }) => token) };
  }
}
