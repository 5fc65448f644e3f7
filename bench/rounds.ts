// Rounds: every candidate does one item, then every candidate the next one, again and again, so that whatever else
// happens on the machine hits all of them.
// Takes candidates and what each is asked for; gives raw rates by candidate, item and round. Must not know: engines.

import type { Candidate, Rates } from "./candidates.ts";
import { type Item, itemName } from "./protocol.ts";

export interface Task {
  readonly candidate: Candidate;
  readonly items: readonly Item[];
  /** Done once before the first round, and forgotten: engines compile hot code again while it runs. */
  readonly warmUp: readonly Item[];
  /** Rounds that it takes part in, if not in all. */
  readonly rounds?: number;
  /** Others can be measured without it. */
  readonly isPeer?: boolean;
}

/** Rates by item; one a round, in the order of the rounds. */
export type Series = Readonly<Record<string, readonly number[]>>;

export interface RoundOptions {
  readonly rounds: number;
  /** No round begins that would likely end after this time. */
  readonly deadline?: number | undefined;
  /** Milliseconds; default Date.now. */
  readonly now?: () => number;
  readonly onNote: (line: string) => void;
}

/**
 * Warms up, then plays the rounds; gives each candidate's series, in the order of the tasks. A peer that fails is dropped.
 * @throws what a candidate throws that is no peer
 */
export async function playRounds(tasks: readonly Task[], options: RoundOptions): Promise<Series[]> {
  const { onNote, deadline = Number.POSITIVE_INFINITY, now = Date.now } = options;
  const found = tasks.map(() => new Map<string, number[]>());
  const failed = new Set<Task>();
  const measure = async (task: Task, item: Item): Promise<Rates> => {
    try {
      return failed.has(task) ? {} : await task.candidate.measure(item);
    } catch (error) {
      if (!task.isPeer) throw error;
      failed.add(task);
      onNote(`${task.candidate.name} is left out from here on: ${error instanceof Error ? error.message : error}`);
      return {};
    }
  };

  for (const task of tasks) for (const item of task.warmUp) await measure(task, item);
  const order = new Set(tasks.flatMap(({ items }) => items.map(itemName)));
  let next = 0; // milliseconds that those took who take part in the next round
  for (let round = 0; round < options.rounds && now() + next < deadline; round++) {
    next = 0;
    for (const name of order) {
      for (let i = 0; i < tasks.length; i++) {
        const at = (i + round) % tasks.length; // nobody is always first
        const task = tasks[at]!;
        const item = task.items.find((other) => itemName(other) === name);
        const { rounds = options.rounds } = task;
        if (item === undefined || round >= rounds) continue;
        const started = now();
        for (const [rateName, rate] of Object.entries(await measure(task, item))) {
          found[at]!.set(rateName, [...(found[at]!.get(rateName) ?? []), rate]);
          onNote(`${task.candidate.name}: ${rateName} ${rate.toFixed(2)}`);
        }
        if (round + 1 < rounds) next += now() - started;
      }
    }
  }
  return found.map((series) => Object.fromEntries(series));
}
