// The edge model's text services, in llama-server's shapes: text to ids, ids to text, messages to a prompt.
// Takes the vocabulary and the prompter; gives TextTools. Must not know: HTTP, the engine.

import type { TextTools } from "../completer.ts";
import { RequestError } from "../errors.ts";
import type { Prompter } from "../prompt/chatml.ts";
import { decode } from "../token/decode.ts";
import { encode } from "../token/encode.ts";
import type { Vocab } from "../token/vocab.ts";

export function createTextTools(vocab: Vocab, prompter: Prompter): TextTools {
  return {
    // Qwen2 puts nothing before a text, so addSpecial adds nothing.
    async tokenize({ content, parseSpecial, withPieces }) {
      const ids = encode(vocab, content, { special: parseSpecial });
      return withPieces ? ids.map((id) => ({ id, piece: piece(vocab.bytesOf(id)) })) : ids;
    },
    async detokenize(tokens) {
      const wrong = tokens.findIndex((id) => id >= vocab.tokens);
      if (wrong >= 0) {
        const message = `tokens[${wrong}] is ${tokens[wrong]}; the model has ${vocab.tokens} tokens`;
        throw new RequestError(message, { param: "tokens", code: "invalid_value" });
      }
      return decode(vocab, tokens);
    },
    async applyTemplate(messages) {
      return prompter.renderText(messages);
    },
  };
}

/** A token as text, or as bytes when it is only a part of a character. */
function piece(bytes: Uint8Array): string | readonly number[] {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return [...bytes];
  }
}
