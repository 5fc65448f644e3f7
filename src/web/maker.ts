// Who made an answer or a refusal, as the service's headers tell.
// Takes headers; gives the route and the model, null where a server does not tell. Must not know: what was answered.

import type { Route } from "./conversation.ts";

export interface Maker {
  readonly route: Route | null;
  readonly model: string | null;
}

export const UNKNOWN_MAKER: Maker = { route: null, model: null };

const MOST_NAME_CHARACTERS = 256;

export function readMaker(headers: Headers): Maker {
  const route = headers.get("x-qwen-edge-route");
  const model = headers.get("x-qwen-edge-model");
  return { route: route === "edge" || route === "origin" ? route : null, model: model === null ? null : decode(model) };
}

/** A header's text is an URI's where a model's name has other letters than a header may. */
function decode(text: string): string {
  try {
    return decodeURI(text).slice(0, MOST_NAME_CHARACTERS);
  } catch {
    return text.slice(0, MOST_NAME_CHARACTERS);
  }
}
