// Scores a text: the perplexity of a model on it, and how far another packing of the model is from it.
// Owns what is scored: the text's ids are cut into windows of `context` ids that do not overlap; each window starts anew,
// and every id but its first is scored. The last window may be shorter. scripts/golden/perplexity.py does the same.
// Takes open models and ids; gives figures. Must not know: files, the command line.

import { createHash } from "node:crypto";
import { type Constraint, GREEDY } from "../../src/engine/frame.ts";
import { forward, type OpenModel, type OpenOptions, openModel } from "../forward.ts";
import { divergence, KeptLogits } from "./logits.ts";

/** What was found; nats are natural logarithms. */
export interface Perplexity {
  readonly ids_sha256: string;
  readonly context: number;
  readonly windows: number;
  /** Ids that were scored. */
  readonly tokens: number;
  readonly nats_per_token: number;
  readonly perplexity: number;
  readonly by_window: readonly number[];
  /** Only where a reference was given. */
  readonly against?: Divergence;
}

/** How a model's next-token distributions differ from the reference's, over all scored ids. */
export interface Divergence {
  /** Mean of D(reference || model), in nats. */
  readonly kl_divergence: number;
  /** Share of ids where both find the same token the likeliest. */
  readonly top1_agreement: number;
}

/** A model whose logits can be read after each frame. */
export interface ComparedModel extends OpenModel {
  readonly kept: KeptLogits;
}

/** openModel(), with logits kept. */
export async function openCompared(folder: string, options: OpenOptions & { rows: number }): Promise<ComparedModel> {
  let kept: KeptLogits | undefined;
  const model = await openModel(folder, { ...options, onLogits: (first, logits) => kept!.onLogits(first, logits) });
  kept = new KeptLogits(options.rows, model.manifest.tokenizer.tokens);
  return { ...model, kept };
}

/** What one window gave, summed over its scored ids. */
export interface Window {
  readonly tokens: number;
  readonly nats: number;
  readonly kl: number;
  /** Ids where both models find the same token the likeliest. */
  readonly same: number;
}

export interface ScoreOptions {
  readonly context: number;
  /** The reference, and where the logits of the model itself are kept. */
  readonly against?: { readonly reference: ComparedModel; readonly kept: KeptLogits } | undefined;
  readonly onProgress?: (done: number) => void;
}

/**
 * The perplexity of `ids`, in windows of `context`.
 * @throws {RangeError} when there is nothing to score
 */
export async function perplexity(model: OpenModel, ids: readonly number[], options: ScoreOptions): Promise<Perplexity> {
  return summary([ids], await scoreWindows(model, ids, options), options);
}

/** Every window of one text. */
export async function scoreWindows(
  model: OpenModel,
  ids: readonly number[],
  { context, against, onProgress }: ScoreOptions,
): Promise<Window[]> {
  const windows: Window[] = [];
  for (let first = 0; first + 1 < ids.length; first += context) {
    const window = ids.slice(first, first + context);
    // A row is asked for the logit of the id that follows; the last row of a window has no follower.
    const constraint = (row: number): Constraint | undefined =>
      row + 1 < window.length ? { ...GREEDY, rawSums: true, wanted: [window[row + 1]!] } : undefined;
    const sum = { tokens: 0, nats: 0, kl: 0, same: 0 };
    for (let from = 0; from < window.length; from += model.rows) {
      const part = window.slice(0, from + model.rows);
      against?.kept.clear();
      against?.reference.kept.clear();
      const rows = await forward(model, part, { from, constraint });
      const expected = against ? await forward(against.reference, part, { from, constraint }) : [];
      for (const [i, row] of rows.entries()) {
        sum.tokens++;
        sum.nats += row.rawLogSum - row.wanted[0]!.logit;
        if (against === undefined) continue;
        const p = { logits: against.reference.kept.row(i), logSum: expected[i]!.rawLogSum };
        sum.kl += divergence(p, { logits: against.kept.row(i), logSum: row.rawLogSum });
        if (row.top[0]!.id === expected[i]!.top[0]!.id) sum.same++;
      }
      onProgress?.(first + part.length);
    }
    windows.push(sum);
  }
  return windows;
}

/**
 * The figures of some texts' windows, all together.
 * @throws {RangeError} when there is nothing to score
 */
export function summary(
  texts: readonly (readonly number[])[],
  windows: readonly Window[],
  { context, against }: ScoreOptions,
): Perplexity {
  const sum = (value: (window: Window) => number) => windows.reduce((all, window) => all + value(window), 0);
  const tokens = sum((window) => window.tokens);
  const ids = texts.flat();
  if (tokens === 0) throw new RangeError(`The text has ${ids.length} ids; at least two are needed`);
  const mean = sum((window) => window.nats) / tokens;
  return {
    ids_sha256: createHash("sha256").update(Uint32Array.from(ids)).digest("hex"),
    context,
    windows: windows.length,
    tokens,
    nats_per_token: mean,
    perplexity: Math.exp(mean),
    by_window: windows.map((window) => window.nats / window.tokens),
    ...(against && {
      against: {
        kl_divergence: sum((window) => window.kl) / tokens,
        top1_agreement: sum((window) => window.same) / tokens,
      },
    }),
  };
}
