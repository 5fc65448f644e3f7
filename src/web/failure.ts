// A failure in the interface's own words, with what the server said of it as a detail in the server's language.
// Owns: which words belong to which error: those of its code, else those of its kind. Must not know: a view.

import type { AnswerError } from "./conversation.ts";
import type { Words } from "./language.ts";
import type { TransferError } from "./transfer.ts";

export interface Failure {
  readonly title: string;
  /** "" when there is nothing to add. */
  readonly detail: string;
}

/** The title says all there is to say of the other kinds. */
const DETAILED: readonly AnswerError["kind"][] = ["invalid", "server", "busy", "unauthorized"];

export function tellFailure({ kind, code, message, param }: AnswerError, words: Words): Failure {
  const byCode: Readonly<Record<string, string>> = words.errorCodes;
  const title = (code !== null && Object.hasOwn(byCode, code) && byCode[code]) || words.errors[kind];
  const said = DETAILED.includes(kind) ? message : "";
  const detail = [said, param === null ? "" : words.atFault(param)].filter(Boolean).join(" · ");
  return { title, detail };
}

/** Why a file was not imported. */
export function tellImportFailure({ kind, path }: TransferError, { importErrors }: Words): string {
  return kind === "damaged" ? importErrors.damaged(path) : importErrors[kind];
}
