// Which model runs where: the edge model, or an origin that the configuration names. Pure.
// Owns: names, aliases and patterns, and their order. Takes the name a client used; gives the place, or throws.
// Must not know: requests, HTTP.

import { UnknownModelError } from "../errors.ts";

/** A GPU service with OpenAI's API. */
export interface Origin {
  /** What clients call its model; one `*` stands for any text. */
  readonly name: string;
  /** Where its API lives, up to and with `/v1`, without a slash at the end. */
  readonly baseUrl: string;
  /** What the origin calls the model; undefined: what the client called it. */
  readonly model: string | undefined;
  readonly key: string | undefined;
  /** Milliseconds until the headers of its answer. */
  readonly headersTimeoutMs: number;
  /** Milliseconds of silence within its answer. */
  readonly idleTimeoutMs: number;
}

export interface ModelTable {
  /** The edge model's name, and what it answers to when no model is named; null while nobody knows it. */
  readonly edge: string | null;
  /** Other names of the edge model; one `*` stands for any text. */
  readonly aliases: readonly string[];
  readonly origins: readonly Origin[];
}

export interface Choice {
  readonly where: "edge" | "origin";
  /** The name the client used, or the edge model's when it used none; "unknown" where that is. */
  readonly model: string;
}

/**
 * Exact names come before patterns, long patterns before short ones, the edge's before origins' of the same length. A name that
 * is nobody's is the edge's while that one's is not known: the engine then says why it has none.
 * Throws UnknownModelError.
 */
export function choose(model: string | undefined, { edge, aliases, origins }: ModelTable): Choice {
  if (model === undefined || model === "" || model === edge) return { where: "edge", model: edge ?? "unknown" };
  const originNames = origins.map(({ name }) => name);
  const name = bestName(model, [...aliases, ...originNames]);
  if (name === undefined) {
    if (edge === null) return { where: "edge", model };
    throw new UnknownModelError("No such model is served here; GET /v1/models lists those that are");
  }
  return { where: aliases.includes(name) ? "edge" : "origin", model };
}

/** The origin of a model: its exact name, else the longest pattern that fits, of equals the first. */
export function findOrigin(model: string, origins: readonly Origin[]): Origin | undefined {
  const name = bestName(
    model,
    origins.map((origin) => origin.name),
  );
  return origins.find((origin) => origin.name === name);
}

function bestName(model: string, names: readonly string[]): string | undefined {
  if (names.includes(model)) return model;
  return names.filter((name) => matches(name, model)).sort((a, b) => b.length - a.length)[0];
}

/** True of the names that stand for many. */
export function isPattern(name: string): boolean {
  return name.includes("*");
}

function matches(pattern: string, model: string): boolean {
  if (!isPattern(pattern)) return pattern === model;
  const star = pattern.indexOf("*");
  const [start, end] = [pattern.slice(0, star), pattern.slice(star + 1)];
  return model.length >= start.length + end.length && model.startsWith(start) && model.endsWith(end);
}
