// The settings, read once from environment-style values and frozen.
// Owns: their names, defaults and bounds. Takes what a runtime calls its environment (strings; Workers may give JSON
// values too); gives a Config, or an error that names the variable. Values are not repeated in errors: some are secrets.
// Must not know: who uses a setting.

import * as z from "zod";
import { ConfigError } from "./errors.ts";

const MIB = 2 ** 20;

export interface OriginConfig {
  /** What clients call its model; one `*` stands for any text. */
  readonly name: string;
  readonly baseUrl: string;
  /** What the origin calls it; undefined: what the client called it. */
  readonly model: string | undefined;
  readonly key: string | undefined;
  /** Time until its headers: those of a whole answer come when it is made. */
  readonly headersTimeoutMs: number;
  /** Silence within its answer. */
  readonly idleTimeoutMs: number;
}

export interface Config {
  /** One of these must come with a request; none: everybody may ask. */
  readonly apiKeys: readonly string[];
  /** Tokens of prompt and answer together. */
  readonly contextLength: number;
  /** Positions of the key-value cache that all conversations share. */
  readonly kvPositions: number;
  /** How that cache stores keys and values; q8 takes half the memory of bf16. */
  readonly kvFormat: "bf16" | "q8";
  /** The most tokens of one answer; undefined: what the context leaves. */
  readonly maxTokens: number | undefined;
  /** Conversations at once; undefined: as many as the cache holds. */
  readonly maxSessions: number | undefined;
  /** Requests that may wait; one more gets 429. */
  readonly queueLength: number;
  /** Rows of one step, those of streams and of a prompt; undefined: the engine's own measure. */
  readonly prefillChunk: number | undefined;
  readonly maxBodyBytes: number;
  /** The same for what the edge model reads: its tokenizer's work grows with it, and everybody waits for that. */
  readonly maxEdgeBodyBytes: number;
  /** Web origins whose pages may call; `*` is all. */
  readonly corsOrigins: readonly string[];
  /** Silence after which a stream gets a comment, a whole answer a line feed. */
  readonly keepAliveMs: number;
  /** Other names of the edge model; one `*` stands for any text. */
  readonly modelAliases: readonly string[];
  readonly origins: readonly OriginConfig[];
}

type Env = Readonly<Record<string, unknown>>;

const PREFIX = "QWEN_EDGE_";
const SETTINGS =
  "API_KEYS CONTEXT KV_POSITIONS KV MAX_TOKENS MAX_SESSIONS QUEUE PREFILL_CHUNK MAX_BODY_BYTES CORS_ORIGINS " +
  "KEEP_ALIVE_MS MODEL_ALIASES ORIGINS";
/** Of the command line and the tests: they may stand in the same environment. */
const OTHERS = "CACHE CHROMIUM REAL TEST_MARK";
/** What Kubernetes and Docker add for a service called qwen-edge. */
const INJECTED = /^QWEN_EDGE_(SERVICE_HOST|SERVICE_PORT|PORT)(_|$)/;
const KNOWN = new Set(`${SETTINGS} ${OTHERS}`.split(" ").map((name) => PREFIX + name));

/**
 * Reads every QWEN_EDGE_ variable. Throws ConfigError that names the one at fault: a wrong value, or a name that is no
 * setting, for a misspelt QWEN_EDGE_API_KEYS would leave the service open.
 */
export function readConfig(env: Env): Config {
  const origins = readOrigins(env);
  checkNames(env, origins);
  const contextLength = readInteger(env, "QWEN_EDGE_CONTEXT", { min: 16, max: 131_072 }) ?? 4096;
  const kvPositions = readInteger(env, "QWEN_EDGE_KV_POSITIONS", { min: 16, max: 2 ** 22 }) ?? 16_384;
  if (kvPositions < contextLength) {
    throw new ConfigError(
      `QWEN_EDGE_KV_POSITIONS is ${kvPositions}, but one context has ${contextLength} positions (QWEN_EDGE_CONTEXT)`,
    );
  }
  const modelAliases = readList(env, "QWEN_EDGE_MODEL_ALIASES");
  for (const alias of modelAliases) {
    checkName("QWEN_EDGE_MODEL_ALIASES", alias);
    if (origins.some(({ name }) => name === alias)) {
      throw new ConfigError(
        "QWEN_EDGE_MODEL_ALIASES has a name that QWEN_EDGE_ORIGINS has too; a name leads to one model",
      );
    }
  }
  const maxBodyBytes = readInteger(env, "QWEN_EDGE_MAX_BODY_BYTES", { min: 1024, max: 64 * MIB });
  return deepFreeze({
    apiKeys: readKeys(env),
    contextLength,
    kvPositions,
    kvFormat: readChoice(env, "QWEN_EDGE_KV", ["bf16", "q8"]) ?? "bf16",
    maxTokens: readInteger(env, "QWEN_EDGE_MAX_TOKENS", { min: 1, max: 131_072 }),
    maxSessions: readInteger(env, "QWEN_EDGE_MAX_SESSIONS", { min: 1, max: 1024 }),
    queueLength: readInteger(env, "QWEN_EDGE_QUEUE", { min: 0, max: 10_000 }) ?? 32,
    prefillChunk: readInteger(env, "QWEN_EDGE_PREFILL_CHUNK", { min: 1, max: 4096 }),
    // A context of edge size needs no more; an origin's requests may carry pictures.
    maxBodyBytes: maxBodyBytes ?? (origins.length > 0 ? 8 * MIB : MIB),
    maxEdgeBodyBytes: maxBodyBytes ?? MIB,
    corsOrigins: readWebOrigins(env),
    keepAliveMs: readInteger(env, "QWEN_EDGE_KEEP_ALIVE_MS", { min: 10, max: 600_000 }) ?? 10_000,
    modelAliases,
    origins,
  });
}

/** What /health may show: no key, no address. */
export function redacted(config: Config): Readonly<Record<string, unknown>> {
  const { apiKeys, origins, ...rest } = config;
  return { ...rest, isKeyRequired: apiKeys.length > 0, origins: origins.map(({ name }) => name) };
}

/** An origin's key may have any name. */
function checkNames(env: Env, origins: readonly OriginConfig[]): void {
  const keys = new Set(origins.map(({ key }) => key));
  for (const name of Object.keys(env)) {
    if (!name.startsWith(PREFIX) || KNOWN.has(name) || INJECTED.test(name)) continue;
    const value = read(env, name);
    if (value === undefined || (typeof value === "string" && keys.has(value.trim()))) continue;
    throw new ConfigError(`${name} is not a setting; docs/configuration.md has their names`);
  }
}

/** A variable's value, undefined when it is absent or empty, as an unset line of an env file is. */
function read(env: Env, name: string): unknown {
  const value = env[name];
  return value === null || value === "" ? undefined : value;
}

function readInteger(env: Env, name: string, { min, max }: { min: number; max: number }): number | undefined {
  const value = read(env, name);
  if (value === undefined) return undefined;
  const number = typeof value === "string" && /^\s*-?\d+\s*$/.test(value) ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number) && number >= min && number <= max) return number;
  throw new ConfigError(`${name} is not an integer from ${min} to ${max}`);
}

function readChoice<Choice extends string>(env: Env, name: string, choices: readonly Choice[]): Choice | undefined {
  const value = read(env, name);
  if (value === undefined) return undefined;
  const choice = choices.find((each) => each === value);
  if (choice !== undefined) return choice;
  throw new ConfigError(`${name} is not ${choices.join(" or ")}`);
}

/** Values with commas between them. */
function readList(env: Env, name: string, otherwise: readonly string[] = []): readonly string[] {
  const value = read(env, name);
  if (value === undefined) return otherwise;
  if (typeof value !== "string")
    throw new ConfigError(`${name} is not a text; expected values with commas between them`);
  const items = value.split(",").map((item) => item.trim());
  if (items.some((item) => item === "")) throw new ConfigError(`${name} has an empty value between its commas`);
  return items;
}

/** Keys as a header can carry them: one with a space or beyond ASCII would let nobody in. */
function readKeys(env: Env): readonly string[] {
  const keys = readList(env, "QWEN_EDGE_API_KEYS");
  for (const key of keys) checkKey("QWEN_EDGE_API_KEYS", key);
  return keys;
}

function checkKey(variable: string, key: string): void {
  if (/^[\x21-\x7e]+$/.test(key)) return;
  throw new ConfigError(
    `${variable} has a key with a space or a character beyond ASCII, or an empty one, which no header carries`,
  );
}

/** Web origins as browsers send them: any other writing would equal none. */
function readWebOrigins(env: Env): readonly string[] {
  const variable = "QWEN_EDGE_CORS_ORIGINS";
  const origins = readList(env, variable, ["*"]);
  for (const origin of origins) {
    if (origin === "*" || (URL.canParse(origin) && new URL(origin).origin === origin)) continue;
    throw new ConfigError(
      `${variable} has a value that no browser sends; expected * or scheme, host in lower case and port alone, ` +
        "such as https://app.example.com",
    );
  }
  return origins;
}

const timeLimit = z.int().min(10).max(3_600_000);

const originSchema = z.strictObject({
  baseUrl: z.string().transform((text, context) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const isPlain = url !== undefined && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
    if (isPlain && url.search === "" && url.hash === "") return url.href.replace(/\/+$/, "");
    context.addIssue({ code: "custom", message: "expected an http(s) URL without user, query or fragment" });
    return z.NEVER;
  }),
  model: z.string().min(1).max(256).optional(),
  keySecret: z.string().min(1).optional(),
  // That of OpenAI's clients, and of LiteLLM: the client itself gives up by then.
  headersTimeoutMs: timeLimit.default(600_000),
  // undici's, and so of Node's fetch, for the time between two pieces of a body.
  idleTimeoutMs: timeLimit.default(300_000),
});

/** A record of origins by name; the key itself stands in the variable that keySecret names. */
function readOrigins(env: Env): readonly OriginConfig[] {
  const variable = "QWEN_EDGE_ORIGINS";
  const result = z.record(z.string(), originSchema).safeParse(parseJson(variable, read(env, variable) ?? {}));
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new ConfigError(`${variable} is wrong at ${issue?.path.join(".") || "its top"}: ${issue?.message}`);
  }
  return Object.entries(result.data).map(([name, { keySecret, model, ...rest }]) => {
    checkName(variable, name);
    const key = keySecret === undefined ? undefined : read(env, keySecret);
    if (keySecret !== undefined && typeof key !== "string") {
      throw new ConfigError(`${keySecret}, the key that ${variable} names for ${name}, is not set`);
    }
    if (typeof key !== "string") return { name, model, key: undefined, ...rest };
    checkKey(String(keySecret), key.trim());
    return { name, model, key: key.trim(), ...rest };
  });
}

function parseJson(variable: string, value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch (cause) {
    throw new ConfigError(`${variable} is not valid JSON`, { cause });
  }
}

function checkName(variable: string, name: string): void {
  if (name !== "" && name.length <= 256 && name.split("*").length <= 2) return;
  throw new ConfigError(`${variable} has a name that is empty, longer than 256 characters or has more than one *`);
}

function deepFreeze<Value extends object>(value: Value): Value {
  for (const inner of Object.values(value)) if (typeof inner === "object" && inner !== null) deepFreeze(inner);
  return Object.freeze(value);
}
