// The life of the engine in one process: nothing, loading, ready, or failed and tried again.
// Owns the state; starts loading when somebody first asks. Takes the two steps of loading; gives the engine or an
// UnavailableError, and the Status that /health shows.
// Must not know: runtimes, files, what an engine can do.

import type { Status } from "../completer.ts";
import { AppError, ModelFileError, UnavailableError } from "../errors.ts";

/** How long a failed load is left alone before the next request tries again. */
const RETRY_AFTER_MS = 5_000;

export type Model = NonNullable<Status["model"]>;

/** An engine and what /health says of its model. */
export interface Loaded<Engine> {
  readonly model: Model;
  readonly engine: Engine;
}

/** Reads what is known before the weights are there; then loads them, reporting 0..1. */
export type Load<Engine> = (
  onModel: (model: Model) => void,
  onProgress: (progress: number) => void,
) => Promise<Loaded<Engine>>;

type State<Engine> =
  | { readonly kind: "none" }
  | { readonly kind: "loading"; model: Model | null; progress: number; described: Promise<void>; end: Promise<void> }
  | { readonly kind: "failed"; readonly model: Model | null; readonly reason: string; readonly at: number }
  | { readonly kind: "ready"; readonly loaded: Loaded<Engine> };

export class Loader<Engine> {
  readonly #load: Load<Engine>;
  #state: State<Engine>;

  /** `kept`: what an earlier loader in this isolate has loaded. */
  constructor(load: Load<Engine>, kept?: Loaded<Engine>) {
    this.#load = load;
    this.#state = kept === undefined ? { kind: "none" } : { kind: "ready", loaded: kept };
  }

  /**
   * The engine, if it is ready; if not, loading starts or goes on.
   * @throws {UnavailableError} with the progress, or why loading failed
   */
  engine(): Engine {
    const state = this.#begin();
    if (state.kind === "ready") return state.loaded.engine;
    if (state.kind === "failed")
      throw new UnavailableError(`The model failed to load: ${state.reason}`, RETRY_AFTER_MS / 1_000);
    throw new UnavailableError(`Loading model: ${Math.floor(state.progress * 100)} %`);
  }

  /** Starts loading if need be; resolves when it has ended, well or not. */
  async settled(): Promise<void> {
    const state = this.#begin();
    if (state.kind === "loading") await state.end;
  }

  /** What /health shows, once the model's name is known. Asking is enough to start loading. */
  async status(): Promise<Status> {
    const begun = this.#begin();
    if (begun.kind === "loading") await begun.described;
    const state = this.#state.kind === "none" ? begun : this.#state;
    if (state.kind === "ready") return { state: "ready", progress: 1, model: state.loaded.model };
    if (state.kind === "loading") return { state: "loading", progress: state.progress, model: state.model };
    return { state: "failed", progress: 0, reason: state.reason, model: state.model };
  }

  #begin(): Exclude<State<Engine>, { kind: "none" }> {
    const state = this.#state;
    if (state.kind === "ready" || state.kind === "loading") return state;
    if (state.kind === "failed" && Date.now() - state.at < RETRY_AFTER_MS) return state;
    let describe = () => {};
    const described = new Promise<void>((resolve) => {
      describe = resolve;
    });
    const loading = { kind: "loading" as const, model: null as Model | null, progress: 0, described, end: described };
    this.#state = loading;
    const onModel = (model: Model) => {
      loading.model = model;
      describe();
    };
    const onProgress = (progress: number) => {
      loading.progress = progress;
    };
    loading.end = this.#load(onModel, onProgress)
      .then(
        (loaded) => {
          this.#state = { kind: "ready", loaded };
        },
        (error: unknown) => {
          // A reason for strangers: our own sentences only, never another library's.
          const isOurs = error instanceof AppError || error instanceof ModelFileError;
          const reason = isOurs ? error.message : "an unexpected error; the server's log has it";
          console.error(`The model failed to load: ${reason}`, ...(isOurs ? [] : [error]));
          this.#state = { kind: "failed", model: loading.model, reason, at: Date.now() };
        },
      )
      .finally(describe);
    return loading;
  }
}
