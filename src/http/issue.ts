// Checks a value against a zod schema and turns the first complaint into a RequestError that names the parameter.
// Owns: the wording and the path syntax (`messages[2].role`). Must not know: any particular schema.

import type { z } from "zod";
import { RequestError } from "../errors.ts";

/** The schema's output for `value`. Throws RequestError (400) with `param` set to the path of what is wrong. */
export function check<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue === undefined) throw new RequestError("The body has a wrong value");
  const param = joinPath(issue.path);
  const complaint = issue.message.replace(/^Invalid input: /, "").replace(/^[A-Z](?=[a-z])/, (c) => c.toLowerCase());
  const code = issue.code === "custom" ? issue.params?.code : undefined;
  throw new RequestError(`Invalid value for ${param}: ${complaint}`, {
    param,
    code: typeof code === "string" ? code : "invalid_value",
  });
}

/** An optional field in which null means the same as absent, as OpenAI's clients send it. */
export function optional<Schema extends z.ZodType>(schema: Schema) {
  return schema.nullish().transform((value) => value ?? undefined);
}

function joinPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((joined, key) => {
    if (typeof key === "number") return `${joined}[${key}]`;
    return joined === "" ? String(key) : `${joined}.${String(key)}`;
  }, "");
}
