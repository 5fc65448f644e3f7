// A wrong command line: the one error that every command may throw for its arguments, and what is printed of any error.
// Also the reading of numbers, which node:util's parseArgs leaves as text. Must not know: the commands.

/** What was typed cannot be run; the message says what was expected. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The integer in `text`. @throws {UsageError} naming the option */
export function parseInteger(option: string, text: string, { min, max }: { min: number; max: number }): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`--${option} is ${JSON.stringify(text)}; expected an integer from ${min} to ${max}`);
}

/** `text` if it is one of `choices`. @throws {UsageError} naming the option */
export function parseChoice<Choice extends string>(option: string, text: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((c) => c === text);
  if (choice !== undefined) return choice;
  throw new UsageError(`--${option} is ${JSON.stringify(text)}; expected ${choices.join(" or ")}`);
}

/** Prints one line for what a user can mend, the whole trace only for what is our own mistake; gives the exit code. */
export function report(error: unknown, help: string): 1 | 2 {
  if (error instanceof UsageError || isParseError(error)) {
    console.error(`${error.message.split("\n")[0]}; see ${help}`);
    return 2;
  }
  const isBug = !(error instanceof Error) || error instanceof TypeError || error instanceof ReferenceError;
  console.error(isBug ? error : error.message);
  return 1;
}

/** What node:util's parseArgs throws. */
function isParseError(error: unknown): error is Error {
  return error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}
