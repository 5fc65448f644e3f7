// Long context by config.json: YaRN (rope_scaling) and Dual Chunk Attention (dual_chunk_attention_config).
// Takes the config's fields; gives them checked and bounded, in one spelling. Must not know: how angles are computed.

import { ModelFileError } from "../errors.ts";

/** YaRN: rotations stretched so that positions beyond the trained ones can be told apart. Names as in config.json. */
export interface YarnScaling {
  readonly rope_type: "yarn";
  readonly factor: number;
  readonly original_max_position_embeddings: number;
  readonly beta_fast: number;
  readonly beta_slow: number;
  /** What cosines and sines are multiplied with; absent: 0.1 ln(factor) + 1. */
  readonly attention_factor?: number;
}

/** Dual Chunk Attention: distances within the trained ones at any length. Names as in config.json. */
export interface DualChunkConfig {
  readonly chunk_size: number;
  readonly local_size: number;
  /** From this length on scores grow with the logarithm of the length; absent: never. */
  readonly original_max_position_embeddings?: number;
}

/** Positions in one chunk of keys. */
export function chunkLength({ chunk_size, local_size }: DualChunkConfig): number {
  return chunk_size - local_size;
}

/** Positions in a page of the KV cache: a page belongs to one chunk. */
const CHUNK_UNIT = 32;
const MAX_POSITIONS = 16_777_216;
const ORIGINAL = "original_max_position_embeddings";

/** What the rest of the config says. */
interface Known {
  readonly max_position_embeddings: number;
  readonly rope_theta: number;
  readonly file: string;
}

export interface LongContext {
  readonly rope_scaling?: YarnScaling;
  readonly dual_chunk_attention_config?: DualChunkConfig;
}

/**
 * Both fields of a config.json, absent where the model has plain attention.
 * @throws {ModelFileError} naming the field that is out of range or not supported
 */
export function parseLongContext(source: Readonly<Record<string, unknown>>, known: Known): LongContext {
  const { file } = known;
  const yarn = parseYarn(new Fields(file, "rope_scaling", source.rope_scaling), known);
  const dual = parseDualChunk(new Fields(file, "dual_chunk_attention_config", source.dual_chunk_attention_config));
  return { ...(yarn && { rope_scaling: yarn }), ...(dual && { dual_chunk_attention_config: dual }) };
}

function parseYarn(fields: Fields, { max_position_embeddings, rope_theta }: Known): YarnScaling | undefined {
  if (fields.isAbsent) return undefined;
  const type = fields.value("rope_type") ?? fields.value("type");
  if (type === "default") return undefined;
  if (type !== "yarn") fields.fail(`has type ${JSON.stringify(type ?? null)}; only "yarn" and plain RoPE run here`);
  for (const field of ["mscale", "mscale_all_dim"]) {
    if (fields.value(field) !== undefined) fields.fail(`has ${field}, which no Qwen2 model has`);
  }
  const yarn: YarnScaling = {
    rope_type: "yarn",
    factor: fields.number("factor", [1, 1e4]),
    original_max_position_embeddings: fields.integer(ORIGINAL, [1, MAX_POSITIONS], max_position_embeddings),
    beta_fast: fields.number("beta_fast", [1e-3, 1e6], 32),
    beta_slow: fields.number("beta_slow", [1e-3, 1e6], 1),
    ...(fields.value("attention_factor") !== undefined && {
      attention_factor: fields.number("attention_factor", [1e-3, 1e3]),
    }),
  };
  if (rope_theta <= 1) fields.fail(`needs a rope_theta above 1, found ${rope_theta}`);
  if (yarn.beta_slow > yarn.beta_fast) fields.fail(`has beta_slow ${yarn.beta_slow} above beta_fast ${yarn.beta_fast}`);
  return yarn;
}

function parseDualChunk(fields: Fields): DualChunkConfig | undefined {
  if (fields.isAbsent) return undefined;
  const dual: DualChunkConfig = {
    chunk_size: fields.integer("chunk_size", [CHUNK_UNIT, MAX_POSITIONS]),
    local_size: fields.integer("local_size", [0, MAX_POSITIONS]),
    ...(fields.value(ORIGINAL) !== undefined && { [ORIGINAL]: fields.integer(ORIGINAL, [1, MAX_POSITIONS]) }),
  };
  const length = chunkLength(dual);
  if (length < CHUNK_UNIT || length % CHUNK_UNIT !== 0) {
    fields.fail(`has chunk_size - local_size ${length}; expected a multiple of ${CHUNK_UNIT}, at least ${CHUNK_UNIT}`);
  }
  return dual;
}

/** The fields of one object in a config.json, each bounded. */
class Fields {
  readonly #file: string;
  readonly #name: string;
  readonly #object: Readonly<Record<string, unknown>>;
  readonly isAbsent: boolean;

  constructor(file: string, name: string, value: unknown) {
    this.#file = file;
    this.#name = name;
    this.isAbsent = value === undefined || value === null;
    if (!this.isAbsent && (typeof value !== "object" || Array.isArray(value))) this.fail("is not an object");
    this.#object = (value ?? {}) as Record<string, unknown>;
  }

  fail(message: string): never {
    throw new ModelFileError(this.#file, `${this.#name} ${message}`);
  }

  /** undefined: absent or null. */
  value(field: string): unknown {
    return this.#object[field] ?? undefined;
  }

  number(field: string, [min, max]: readonly [number, number], otherwise?: number): number {
    const value = this.value(field) ?? otherwise;
    if (typeof value === "number" && value >= min && value <= max) return value;
    return this.fail(`has ${field} ${JSON.stringify(value ?? null)}; expected a number from ${min} to ${max}`);
  }

  integer(field: string, range: readonly [number, number], otherwise?: number): number {
    const value = this.number(field, range, otherwise);
    return Number.isInteger(value) ? value : this.fail(`has ${field} ${value}; expected an integer`);
  }
}
