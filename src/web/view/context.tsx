// How much of the model's context the open conversation uses.
// Owns: the gauge, and the word of warning when little is left. Must not know: how tokens are counted.

import { contextUse } from "../conversation.ts";
import { current } from "../state/chats.ts";
import { effectiveModel } from "../state/connection.ts";
import { words } from "../state/words.ts";

const NEARLY_FULL = 0.85;

function currentUse() {
  const limit = effectiveModel(current.value.settings.model)?.contextLength ?? null;
  return contextUse(current.value, limit);
}

export function ContextGauge() {
  const { used, limit, share, isEstimate } = currentUse();
  if (limit === null || current.value.messages.length === 0) return null;
  const text = words.contextUsed(used, limit, isEstimate);
  return (
    <div class={share > NEARLY_FULL ? "gauge full" : "gauge"} title={`${words.context}: ${text}`}>
      <meter aria-label={words.context} aria-valuetext={text} min={0} max={limit} value={used} />
      <span aria-hidden="true">{Math.round(share * 100)}%</span>
    </div>
  );
}

export function ContextWarning() {
  return currentUse().share > NEARLY_FULL ? <p class="context-warning">{words.contextFull}</p> : null;
}
