// GET /v1/models, GET /v1/models/{id} and GET /health: what is served, and whether it is ready.
// Owns: those three answers, health in llama-server's shape. Takes the edge model's status and the names that lead to
// origins. Must not know: where an origin is, how a model is loaded.

import type { Context } from "hono";
import type { Status } from "../completer.ts";
import { UnavailableError, UnknownModelError } from "../errors.ts";
import type { Choice } from "./chat.ts";

export interface ModelService {
  readonly choose: (model: string | undefined) => Promise<Choice>;
  readonly status: () => Promise<Status>;
  /** Names of models that run at origins; patterns are not listed. */
  readonly originModels: readonly string[];
  /** The configuration without its secrets, shown by /health. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** GET /v1/models: the edge model, then those of the origins. */
export function listModels({ status, choose, originModels }: ModelService): () => Promise<Response> {
  return async () => {
    const { model } = await status();
    // An origin's model that bears the edge model's name cannot be reached by it.
    const data = model === null ? [] : [edgeModel(model, model.name)];
    for (const id of originModels) if ((await choose(id)).where === "origin") data.push(originModel(id));
    return Response.json({ object: "list", data });
  };
}

/** GET /v1/models/{id}: any name that a request may use, aliases too. Throws UnknownModelError. */
export function getModel({ choose, status }: ModelService): (c: Context) => Promise<Response> {
  return async (c) => {
    const id = c.req.param("id");
    if (id === undefined || id === "") throw new UnknownModelError("No model was named");
    const choice = await choose(id);
    if (choice.where === "origin") return Response.json(originModel(choice.model));
    const { model, reason } = await status();
    if (model === null) throw new UnavailableError(failed(reason), 5);
    return Response.json(edgeModel(model, choice.model));
  };
}

/** GET /health: 200 when ready, 503 with the progress while loading, 503 with the reason when it failed. */
export function health({ status, settings }: ModelService): () => Promise<Response> {
  return async () => {
    const { state, progress, reason, model } = await status();
    if (state === "ready") return Response.json({ status: "ok", model, settings });
    const isLoading = state === "loading";
    const message = isLoading ? "Loading model" : failed(reason);
    const error = { code: 503, message, type: "unavailable_error" };
    const headers = isLoading ? { "retry-after": "1" } : { "x-should-retry": "false" };
    return Response.json({ error, status: state, progress, model }, { status: 503, headers });
  };
}

function failed(reason = "no reason is known"): string {
  return `The model failed to load: ${reason}`;
}

function edgeModel({ contextLength, quant }: NonNullable<Status["model"]>, id: string): Record<string, unknown> {
  const meta = { route: "edge", context_length: contextLength };
  // vLLM's name for the context, which clients read to size their prompts.
  // A packed model has no date: same input, same bytes.
  return { id, object: "model", created: 0, owned_by: "qwen-edge", max_model_len: contextLength, quant, meta };
}

function originModel(id: string): Record<string, unknown> {
  // What an origin's model can hold is not known here.
  const meta = { route: "origin", context_length: null };
  return { id, object: "model", created: 0, owned_by: "origin", meta };
}
