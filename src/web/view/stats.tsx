// The quiet line under an answer: where it was made, by which model, how fast, and how it ended.
// Owns: its order; what is not known is left out. Must not know: how the numbers are measured.

import type { AnswerInfo } from "../conversation.ts";
import { words } from "../state/words.ts";
import { RouteBadge } from "./model-select.tsx";

export function Stats({ info, isComing }: { info: AnswerInfo; isComing: boolean }) {
  const { route, model, firstTokenMs, tokensPerSecond, promptTokens, completionTokens, cachedTokens } = info;
  const hasTokens = promptTokens !== null && completionTokens !== null;
  const cached = cachedTokens !== null && cachedTokens > 0 ? words.cachedTokens(cachedTokens) : undefined;
  const facts: readonly (string | null)[] = [
    model,
    firstTokenMs === null ? null : words.firstToken(firstTokenMs),
    tokensPerSecond === null ? null : words.speed(tokensPerSecond),
    hasTokens ? words.tokens(promptTokens, completionTokens) : null,
    isComing || info.finishReason === null ? null : finishOf(info.finishReason),
  ];
  const known = facts.filter((fact) => fact !== null);
  if (isComing && firstTokenMs === null) return null;
  return (
    <p class="stats" title={cached}>
      {route !== null && <RouteBadge route={route} />}
      {known.map((fact) => (
        <span key={fact}>{fact}</span>
      ))}
    </p>
  );
}

/** A server's word that is not known is shown as it is. */
function finishOf(reason: string): string {
  return (Object.hasOwn(words.finishReasons, reason) && words.finishReasons[reason]) || reason;
}
