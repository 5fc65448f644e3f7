// Qwen2's split pattern, by hand, over UTF-8 bytes: where the piece that begins here ends. Merges never cross a piece.
//   (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
// The pattern backtracks over white space; this scanner does not: it reads each byte at most three times, whatever the text.
// Takes well-formed UTF-8. Must not know: tokens. \s is Unicode's White_Space (with U+0085, without U+FEFF), as in
// oniguruma; a contraction's letters are ASCII.

/** A count of elementary steps (bytes read, pairs tried), so that tests can bound the work without a clock. */
export interface Work {
  steps: number;
}

const LETTER = 1;
const NUMBER = 2;
const SPACE = 3;
const BREAK = 4;
const OTHER = 5;

const QUOTE = 0x27;
const BLANK = 0x20;

/** The kind of each character of planes 0 and 1, found when first met (0: not yet). Other planes are rare: always asked. */
const kinds = new Uint8Array(0x20000);

function kindOf(codePoint: number): number {
  const known = kinds[codePoint] ?? 0;
  if (known !== 0) return known;
  const char = String.fromCodePoint(codePoint);
  let kind = OTHER;
  if (char === "\r" || char === "\n") kind = BREAK;
  else if (/\p{L}/u.test(char)) kind = LETTER;
  else if (/\p{N}/u.test(char)) kind = NUMBER;
  else if (/\p{White_Space}/u.test(char)) kind = SPACE;
  if (codePoint < kinds.length) kinds[codePoint] = kind;
  return kind;
}

/** The character at a byte offset: its kind, plus its length in bytes times 8. 0 at the end of the text. */
function look(utf8: Uint8Array, at: number): number {
  if (at >= utf8.length) return 0;
  const b = utf8[at]!;
  if (b < 0x80) return kindOf(b) | (1 << 3);
  const b1 = utf8[at + 1]! & 0x3f;
  if (b < 0xe0) return kindOf(((b & 0x1f) << 6) | b1) | (2 << 3);
  const b2 = utf8[at + 2]! & 0x3f;
  if (b < 0xf0) return kindOf(((b & 0x0f) << 12) | (b1 << 6) | b2) | (3 << 3);
  return kindOf(((b & 0x07) << 18) | (b1 << 12) | (b2 << 6) | (utf8[at + 3]! & 0x3f)) | (4 << 3);
}

/** Where the run of characters of one kind that begins at `at` ends (maybe at once). */
function runEnd(utf8: Uint8Array, at: number, kind: number): number {
  for (;;) {
    const here = look(utf8, at);
    if ((here & 7) !== kind) return at;
    at += here >> 3;
  }
}

/** The end of 's 't 'm 'd 're 've 'll, in either case, whose letters begin at `at`; -1 when there is none. */
function contractionEnd(utf8: Uint8Array, at: number): number {
  const lower = (i: number) => String.fromCharCode((utf8[i] ?? 0) | 0x20);
  const one = lower(at);
  if (one === "s" || one === "t" || one === "m" || one === "d") return at + 1;
  const two = one + lower(at + 1);
  return two === "re" || two === "ve" || two === "ll" ? at + 2 : -1;
}

/** White space: up to its last line break, or all of it at the end of the text, or all but the last character. */
function whiteSpaceEnd(utf8: Uint8Array, start: number, work: Work): number {
  let at = start;
  let last = start;
  let lineEnd = -1;
  for (;;) {
    const here = look(utf8, at);
    const kind = here & 7;
    if (kind !== SPACE && kind !== BREAK) break;
    last = at;
    at += here >> 3;
    if (kind === BREAK) lineEnd = at;
  }
  work.steps += at - start;
  if (lineEnd !== -1) return lineEnd;
  return at === utf8.length || last === start ? at : last;
}

/** The end of the piece that begins at `start`, which must be inside the text. */
export function pieceEnd(utf8: Uint8Array, start: number, work: Work): number {
  const end = findEnd(utf8, start, work);
  work.steps += end - start;
  return end;
}

function findEnd(utf8: Uint8Array, start: number, work: Work): number {
  const first = look(utf8, start);
  const kind = first & 7;
  const second = start + (first >> 3);
  if (kind === LETTER) return runEnd(utf8, second, LETTER);
  if (kind === NUMBER) return second;
  if (utf8[start] === QUOTE) {
    const end = contractionEnd(utf8, second);
    if (end !== -1) return end;
  }
  const next = look(utf8, second) & 7;
  if (kind !== BREAK && next === LETTER) return runEnd(utf8, second, LETTER);
  if (kind === OTHER || (utf8[start] === BLANK && next === OTHER)) {
    return runEnd(utf8, runEnd(utf8, second, OTHER), BREAK);
  }
  return whiteSpaceEnd(utf8, start, work);
}
