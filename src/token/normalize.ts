// NFC that no text can make slow. Engines put combining marks in order by insertion, which is quadratic in the length of a
// run of marks: 40,000 alternating accents take V8 seconds. So long runs are put in canonical order here first.
// Takes any string; gives the same string as String.prototype.normalize("NFC"). Must not know: tokens.

import type { Work } from "./pretokenize.ts";

/** Runs shorter than this may be ordered by the engine: at most this many steps a character. */
const LONG_RUN = 64;
// The lookbehind lets a run be tried from its first mark only, so that the search is linear.
const LONG_RUNS = new RegExp(`(?<!\\p{M})\\p{M}{${LONG_RUN},}`, "gu");
/** Below U+0300 there are no marks. */
const MAY_HAVE_MARKS = /[\u0300-\uffff]/;

// Marks of the lowest and the highest combining class (1 and 240): what reorders with neither is a starter (class 0).
const LOWEST = "\u0334";
const HIGHEST = "\u0345";

export function normalizeNfc(text: string, work: Work): string {
  if (!MAY_HAVE_MARKS.test(text)) return text.normalize("NFC");
  return text.replace(LONG_RUNS, (run) => orderMarks(run, work)).normalize("NFC");
}

/** A run of marks in canonical order, decomposed: a stable sort by combining class between starters. */
function orderMarks(run: string, work: Work): string {
  const marks = [...run].flatMap((mark) => [...mark.normalize("NFD")]);
  work.steps += marks.length;
  const classes = classesOf(new Set(marks));
  const ordered: string[] = [];
  let buckets = new Map<number, string[]>();
  const empty = () => {
    for (const rank of [...buckets.keys()].sort((a, b) => a - b))
      for (const mark of buckets.get(rank)!) ordered.push(mark);
    buckets = new Map();
  };
  for (const mark of marks) {
    const rank = classes.get(mark);
    if (rank === undefined) {
      empty();
      ordered.push(mark);
    } else {
      const bucket = buckets.get(rank);
      if (bucket) bucket.push(mark);
      else buckets.set(rank, [mark]);
    }
  }
  empty();
  return ordered.join("");
}

/** Ranks of the marks' combining classes; starters have none. The engine knows the classes: it swaps what is out of order. */
function classesOf(marks: ReadonlySet<string>): Map<string, number> {
  const swaps = (a: string, b: string) => (a + b).normalize("NFD") !== a + b;
  const ordered = [...marks]
    .filter((mark) => swaps(mark, LOWEST) || swaps(HIGHEST, mark))
    .sort((a, b) => (swaps(a, b) ? 1 : swaps(b, a) ? -1 : 0));
  const ranks = new Map<string, number>();
  let rank = 0;
  for (const [i, mark] of ordered.entries()) {
    if (i > 0 && swaps(mark, ordered[i - 1]!)) rank++;
    ranks.set(mark, rank);
  }
  return ranks;
}
