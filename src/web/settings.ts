// The settings of a conversation: what is asked of the model beside the messages.
// Owns: their bounds (the API's), reading them from a form's text, and the request body that they make. Null means not
// set: the field is left out and the model's own default holds. Must not know: a view, where settings are kept.

import type { ApiMessage } from "./conversation.ts";

export interface Settings {
  /** A name of /v1/models; "" is the server's default. */
  readonly model: string;
  readonly system: string;
  readonly temperature: number | null;
  readonly topP: number | null;
  readonly topK: number | null;
  readonly maxTokens: number | null;
  readonly seed: number | null;
  readonly stop: readonly string[];
}

/** The fields of the form; `stop` has one string a line, a line feed within one written `\n`. */
export type SettingsForm = Readonly<Record<keyof Settings, string>>;

export type NumberField = "temperature" | "topP" | "topK" | "maxTokens" | "seed";

export interface Bound {
  readonly min: number;
  readonly max: number;
  /** For an <input type=number>; 1 means whole numbers only. */
  readonly step: number;
}

/** Why a field's text is not taken, for the interface to say in its language. */
export type Problem =
  | { readonly kind: "number"; readonly bound: Bound }
  | { readonly kind: "stops"; readonly most: number; readonly mostCharacters: number }
  | { readonly kind: "long"; readonly mostCharacters: number };

export type Problems = { readonly [Field in keyof Settings]?: Problem };

/** A chat request as the API takes it. */
export interface ChatBody {
  readonly model?: string;
  readonly messages: readonly ApiMessage[];
  readonly stream: true;
  readonly stream_options: { readonly include_usage: true };
  readonly temperature?: number;
  readonly top_p?: number;
  readonly top_k?: number;
  readonly max_completion_tokens?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
}

export const BOUNDS: Readonly<Record<NumberField, Bound>> = {
  temperature: { min: 0, max: 2, step: 0.01 },
  topP: { min: 0.01, max: 1, step: 0.01 },
  topK: { min: 0, max: 1_000_000, step: 1 },
  maxTokens: { min: 1, max: 1_000_000, step: 1 },
  // A double holds whole numbers up to here; the API would take more.
  seed: { min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER, step: 1 },
};
export const NUMBER_FIELDS = Object.keys(BOUNDS) as readonly NumberField[];

export const MOST_STOPS = 16;
export const MOST_STOP_CHARACTERS = 1000;
export const MOST_SYSTEM_CHARACTERS = 100_000;
export const MOST_MODEL_CHARACTERS = 256;

/** Nothing set. */
export const DEFAULT_SETTINGS: Settings = {
  model: "",
  system: "",
  temperature: null,
  topP: null,
  topK: null,
  maxTokens: null,
  seed: null,
  stop: [],
};

/** The settings as a form's text. */
export function toForm(settings: Settings): SettingsForm {
  const { model, system, stop } = settings;
  const number = (field: NumberField) => String(settings[field] ?? "");
  return {
    model,
    system,
    temperature: number("temperature"),
    topP: number("topP"),
    topK: number("topK"),
    maxTokens: number("maxTokens"),
    seed: number("seed"),
    stop: stop.map(escapeStop).join("\n"),
  };
}

/** The settings of a form; a field with a problem keeps its value of `before`. */
export function parseForm(form: SettingsForm, before: Settings): { settings: Settings; problems: Problems } {
  const problems: { -readonly [Field in keyof Problems]: Problem } = {};
  const numbers: Partial<Record<NumberField, number | null>> = {};
  for (const field of NUMBER_FIELDS) {
    const value = parseNumber(form[field], BOUNDS[field]);
    if (value === undefined) problems[field] = { kind: "number", bound: BOUNDS[field] };
    else numbers[field] = value;
  }
  const stop = form.stop
    .split(/\r?\n/)
    .filter((line) => line !== "")
    .map(unescapeStop);
  const areStops = stop.length <= MOST_STOPS && stop.every(({ length }) => length <= MOST_STOP_CHARACTERS);
  if (!areStops) problems.stop = { kind: "stops", most: MOST_STOPS, mostCharacters: MOST_STOP_CHARACTERS };
  const isSystem = form.system.length <= MOST_SYSTEM_CHARACTERS;
  if (!isSystem) problems.system = { kind: "long", mostCharacters: MOST_SYSTEM_CHARACTERS };
  const isModel = form.model.length <= MOST_MODEL_CHARACTERS;
  if (!isModel) problems.model = { kind: "long", mostCharacters: MOST_MODEL_CHARACTERS };
  const settings: Settings = {
    ...before,
    ...numbers,
    ...(areStops ? { stop } : {}),
    ...(isSystem ? { system: form.system } : {}),
    ...(isModel ? { model: form.model } : {}),
  };
  return { settings, problems };
}

/** The request for `messages`; what is not set is left out. */
export function toBody(settings: Settings, messages: readonly ApiMessage[]): ChatBody {
  const { model, temperature, topP, topK, maxTokens, seed, stop } = settings;
  return {
    ...(model === "" ? {} : { model }),
    messages,
    stream: true,
    stream_options: { include_usage: true },
    ...(temperature === null ? {} : { temperature }),
    ...(topP === null ? {} : { top_p: topP }),
    ...(topK === null ? {} : { top_k: topK }),
    ...(maxTokens === null ? {} : { max_completion_tokens: maxTokens }),
    ...(seed === null ? {} : { seed }),
    ...(stop.length === 0 ? {} : { stop }),
  };
}

/** Null for no text, undefined for no number within the bound. A comma is a point: half of the world writes it so. */
function parseNumber(text: string, { min, max, step }: Bound): number | null | undefined {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  if (!/^[-+]?(\d+([.,]\d*)?|[.,]\d+)$/.test(trimmed)) return undefined;
  const value = Number(trimmed.replace(",", "."));
  const isWithin = value >= min && value <= max && (step !== 1 || Number.isSafeInteger(value));
  return isWithin ? value : undefined;
}

/** A stop string may hold line feeds, a line of the form cannot: they are written as in JSON. */
function escapeStop(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t");
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", "\\": "\\" };

function unescapeStop(line: string): string {
  return line.replace(/\\([nrt\\])/g, (_, letter: string) => ESCAPES[letter]!);
}
