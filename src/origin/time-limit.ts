// How long an origin may keep its client waiting.
// Owns: the error that says so. Takes a promise of the origin's; gives its value in time, or that error. Stopping what
// is late is the caller's. Must not know: what is awaited.

import { OriginTimeoutError } from "../errors.ts";

/** The promise's value. Throws OriginTimeoutError, which names `what` is waited for, when it takes longer than `ms`. */
export async function inTime<Value>(
  promise: Promise<Value>,
  ms: number,
  what: "begin to answer" | "go on with its answer",
): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `The origin of this model did not ${what} within ${ms / 1000} s; try again later`;
    timer = setTimeout(() => reject(new OriginTimeoutError(message)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
