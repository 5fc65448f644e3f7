// Token ids to text, one at a time. A token may end inside a character; what comes out never does.
// Takes ids; gives strings that together equal the decoding of all the bytes at once: invalid bytes become U+FFFD.
// Must not know: stop strings (stop.ts), sampling, HTTP.

import type { Vocab } from "./vocab.ts";

export interface DecodeOptions {
  /** Leave out special tokens such as <|im_end|>; <tool_call> and its like are text. */
  readonly skipSpecial?: boolean;
}

/** Decodes a stream of ids. */
export class Decoder {
  private readonly vocab: Vocab;
  private readonly skipSpecial: boolean;
  // A byte order mark is a character like any other here.
  private readonly utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

  constructor(vocab: Vocab, options: DecodeOptions = {}) {
    this.vocab = vocab;
    this.skipSpecial = options.skipSpecial ?? false;
  }

  /** The characters that this token completes, maybe none. Throws a RangeError for an id that is no token. */
  push(id: number): string {
    if (this.skipSpecial && this.vocab.isSpecial(id)) return "";
    return this.utf8.decode(this.vocab.bytesOf(id), { stream: true });
  }

  /** What is left at the end: U+FFFD when a character stayed incomplete. The decoder is then as new. */
  flush(): string {
    return this.utf8.decode();
  }
}

/** The text of all ids. Throws a RangeError for an id that is no token. */
export function decode(vocab: Vocab, ids: Iterable<number>, options: DecodeOptions = {}): string {
  const decoder = new Decoder(vocab, options);
  let text = "";
  for (const id of ids) text += decoder.push(id);
  return text + decoder.flush();
}
