// Commands by lines of standard input, answers by lines of standard output: how a bench talks with a process.
// Takes what obeys a command; ends with the input. Must not know: what is asked.

import process from "node:process";
import { createInterface } from "node:readline";
import type { Answer, Command } from "./protocol.ts";

/** Answers command after command until the input ends. */
export async function serveLines(obey: (command: Command) => Promise<unknown>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(() => obey(JSON.parse(line) as Command)))}\n`);
  }
}

/** What came of it, as an answer. */
export async function answer(work: () => Promise<unknown>): Promise<Answer> {
  try {
    return { ok: (await work()) ?? null };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
