// Reads a JSON body that anybody may have sent: bounded in bytes and in depth, UTF-8, an object at the top.
// Owns: everything that can be wrong with a body before its fields are looked at. Takes Hono's request; gives the
// text and its value, or a RequestError that says what is wrong. Must not know: what the fields mean.

import type { HonoRequest } from "hono";
import { RequestError } from "../errors.ts";

/** Deeper than any request or tool schema; shallow enough for every recursive function behind it. */
const MAX_DEPTH = 200;

export interface JsonBody {
  /** The text as sent: numbers beyond a double survive only here. */
  readonly raw: string;
  /** Its length in UTF-8. */
  readonly bytes: number;
  readonly value: Readonly<Record<string, unknown>>;
}

/** Reads and parses the body. Throws RequestError: 400, 413 (more than `maxBytes`) or 415 (compressed). */
export async function readJson(request: HonoRequest, { maxBytes }: { maxBytes: number }): Promise<JsonBody> {
  checkHeaders(request.raw.headers, maxBytes);
  const { raw, bytes } = await readText(request, maxBytes);
  if (raw.trim() === "") throw new RequestError("The body is empty; expected a JSON object", { code: "invalid_json" });
  checkDepth(raw);
  const value = parse(raw);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new RequestError("The body is not a JSON object", { code: "invalid_json" });
  }
  return { raw, bytes, value: value as Record<string, unknown> };
}

function checkHeaders(headers: Headers, maxBytes: number): void {
  const [type = "", ...parameters] = (headers.get("content-type") ?? "").split(";").map((part) => part.trim());
  if (type.toLowerCase() !== "application/json") {
    const found = type === "" ? "is missing" : "names another type";
    throw new RequestError(`The header Content-Type ${found}; expected application/json`, {
      code: "invalid_content_type",
    });
  }
  const charset = parameters.find((parameter) => /^charset=/i.test(parameter));
  if (charset !== undefined && !/^charset="?utf-?8"?$/i.test(charset)) {
    throw new RequestError("The charset of Content-Type is not utf-8, the only one of JSON", {
      code: "invalid_content_type",
    });
  }
  if (!/^(identity)?$/i.test(headers.get("content-encoding") ?? "")) {
    throw new RequestError("The body is compressed (Content-Encoding); send it plain", {
      status: 415,
      code: "unsupported_encoding",
    });
  }
  checkSize(Number(headers.get("content-length") ?? 0), maxBytes);
}

/** Throws RequestError (413) when there are more. */
export function checkSize(bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  throw new RequestError(`The body is larger than ${maxBytes} bytes, the limit of this service`, {
    status: 413,
    code: "body_too_large",
  });
}

/** The body's text. Counts the bytes itself: Content-Length may be missing or wrong. */
async function readText(request: HonoRequest, maxBytes: number): Promise<{ raw: string; bytes: number }> {
  // A host app that mounts this one may have read the body already; then Hono keeps it.
  if (request.raw.bodyUsed) return bounded(await request.text(), maxBytes);
  if (request.raw.body === null) return { raw: "", bytes: 0 };
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const reader: ReadableStreamDefaultReader<Uint8Array> = request.raw.body.getReader();
  const pieces: string[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw new RequestError("The body broke off before its end", { code: "invalid_json", cause });
    });
    if (!done) bytes += value.byteLength;
    if (bytes > maxBytes) {
      // Not awaited: a sender that never ends must not hold the answer back.
      void reader.cancel().catch(() => undefined);
      checkSize(bytes, maxBytes);
    }
    pieces.push(decode(decoder, value));
    if (done) return { raw: pieces.join(""), bytes };
  }
}

function bounded(raw: string, maxBytes: number): { raw: string; bytes: number } {
  const bytes = new TextEncoder().encode(raw).byteLength;
  checkSize(bytes, maxBytes);
  return { raw, bytes };
}

/** One piece of UTF-8; undefined is the end, where half a character is an error too. */
function decode(decoder: TextDecoder, bytes: Uint8Array | undefined): string {
  try {
    return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch (cause) {
    throw new RequestError("The body is not valid UTF-8", { code: "invalid_json", cause });
  }
}

/** Counts brackets outside strings, before anything that may recurse sees the text. */
function checkDepth(text: string): void {
  let depth = 0;
  let isString = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (isString) {
      if (unit === 0x5c /* \ */) i++;
      else if (unit === 0x22 /* " */) isString = false;
    } else if (unit === 0x22) isString = true;
    else if (unit === 0x7b /* { */ || unit === 0x5b /* [ */) {
      depth++;
      if (depth > MAX_DEPTH) {
        throw new RequestError(`The body nests deeper than ${MAX_DEPTH} levels`, { code: "invalid_json" });
      }
    } else if (unit === 0x7d /* } */ || unit === 0x5d /* ] */) depth--;
  }
}

/** JSON.parse, whose own message quotes the text and so is not passed on. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RequestError("The body is not valid JSON", { code: "invalid_json", cause });
  }
}
