// A small vocabulary: the 256 bytes as tokens, some longer ones, and three control tokens at the end.

import { loadVocab, MAGIC, VERSION, type Vocab } from "../../src/token/vocab.ts";

/** `words` become tokens 256, 257, ...; the control tokens follow them. */
export function byteVocab(words: readonly string[] = []): Vocab {
  const control = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
  const utf8 = new TextEncoder();
  const tokens = [
    ...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
    ...[...words, ...control].map((word) => utf8.encode(word)),
  ];
  const bytes = tokens.flatMap((token) => [...token]);
  const header = [MAGIC, VERSION, 256 + words.length, control.length, bytes.length];
  return loadVocab(
    Uint8Array.from([
      ...new Uint8Array(Uint32Array.from(header).buffer),
      ...control.map(() => 1),
      ...tokens.map((token) => token.length),
      ...bytes,
    ]),
  );
}
