// Whether an answer to a held-out prompt is right: exact, by rule, or by the words that it must hold.
// Takes the answer's text and the prompt's check; gives a verdict. Must not know: models, files.

/** One rule of models/pocket/heldout.json. */
export type Check =
  /** Holds each of these; a number among them stands alone. */
  | { readonly all: readonly string[] }
  /** The last number of the answer. */
  | { readonly number: number }
  | { readonly exact: string }
  /** The whole answer is JSON of this value, whatever the order of its keys. */
  | { readonly json: unknown }
  /** The whole answer is one tool call. */
  | { readonly tool: { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> } }
  /** So many lines, each `- ` and another one of these. */
  | { readonly lines: number; readonly of: readonly string[] };

/** True when the answer passes its check and does not repeat itself more than the expected answer does. */
export function isRight(answer: string, check: Check, expected: string): boolean {
  return passes(answer.trim(), check) && (!repeats(answer) || repeats(expected));
}

function passes(answer: string, check: Check): boolean {
  if ("all" in check) return check.all.every((words) => holds(answer, words));
  if ("exact" in check) return answer === check.exact;
  if ("number" in check) return answer.match(/\d+/g)?.at(-1) === String(check.number);
  if ("json" in check) return isSame(parse(answer), check.json);
  if ("tool" in check) {
    const call = /^<tool_call>\n(.*)\n<\/tool_call>$/s.exec(answer);
    return call !== null && isSame(parse(call[1]!), check.tool);
  }
  const lines = answer.split("\n");
  const named = new Set(lines.map((line) => line.replace(/^- /, "")));
  return (
    lines.length === check.lines && named.size === lines.length && lines.every((l) => check.of.includes(l.slice(2)))
  );
}

/** Words that begin or end with a digit must not go on with one: 1 is not in 15. */
function holds(answer: string, words: string): boolean {
  const pattern = words.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  const before = /^\d/.test(words) ? "(?<!\\d)" : "";
  const after = /\d$/.test(words) ? "(?!\\d)" : "";
  return new RegExp(`${before}${pattern}${after}`).test(answer);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  const keys = Object.keys(a);
  if (Array.isArray(a) !== Array.isArray(b) || keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]));
}

/** Four words or characters in a row that come three times: what a looping model says. */
export function repeats(text: string): boolean {
  const units = text.match(/[a-z']+|\d|[^\sa-z\d]/gi) ?? [];
  const counts = new Map<string, number>();
  for (let i = 0; i + 4 <= units.length; i++) {
    const four = units.slice(i, i + 4).join(" ");
    const count = (counts.get(four) ?? 0) + 1;
    if (count === 3) return true;
    counts.set(four, count);
  }
  return false;
}
