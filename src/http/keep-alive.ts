// Waiting with a sign of life: how long a client is left without a byte.
// Takes a promise; gives its value, or word that it takes longer. Must not know: what is awaited, or sent meanwhile.

/** The promise's value, or undefined when it takes longer than `ms`. */
export async function within<Value>(promise: Promise<Value>, ms: number): Promise<Value | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const quiet = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  try {
    return await Promise.race([promise, quiet]);
  } finally {
    clearTimeout(timer);
  }
}
