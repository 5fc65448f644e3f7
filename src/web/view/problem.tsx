// What went wrong, or what is waited for, and the way on.
// Owns: which way on belongs to which failure. Must not know: its words, how an answer is asked for again.

import type { ComponentChildren } from "preact";
import { toAnswerError } from "../answer.ts";
import type { AnswerError } from "../conversation.ts";
import { tellFailure } from "../failure.ts";
import type { Wait } from "../state/asking.ts";
import { loading, loadModels, modelsError } from "../state/connection.ts";
import { openSettings } from "../state/panels.ts";
import { words } from "../state/words.ts";
import { rescueFocus } from "./focus.ts";
import { Icon } from "./icon.tsx";

interface CardProps {
  readonly title: string;
  readonly detail?: string;
  readonly children?: ComponentChildren;
  readonly isCalm?: boolean;
}

/** The title and the detail are read out at once; what changes below them is not. */
function Card({ title, detail = "", children, isCalm = false }: CardProps) {
  return (
    <div class={isCalm ? "card calm" : "card"}>
      <Icon name={isCalm ? "clock" : "alert"} />
      <div class="card-text">
        <div role="alert">
          <p>{title}</p>
          {detail !== "" && (
            <p class="detail" dir="auto">
              {detail}
            </p>
          )}
        </div>
        {children}
      </div>
    </div>
  );
}

export function Problem({ error, onRetry }: { error: AnswerError; onRetry?: (() => void) | undefined }) {
  const { kind } = error;
  return (
    <Card {...tellFailure(error, words)}>
      <div class="card-actions">
        {onRetry !== undefined && <RetryButton onClick={onRetry} />}
        {kind === "unauthorized" && <KeyButton />}
        {kind === "invalid" && (
          <button type="button" class="button" onClick={() => openSettings()}>
            {words.openSettings}
          </button>
        )}
      </div>
    </Card>
  );
}

export function RetryButton({ onClick }: { onClick: () => void }) {
  return (
    <button type="button" class="button" onClick={onClick}>
      <Icon name="redo" />
      {words.tryAgain}
    </button>
  );
}

function KeyButton() {
  return (
    <button type="button" class="button primary" onClick={() => openSettings("apiKey")}>
      {words.enterApiKey}
    </button>
  );
}

/** An answer that will be asked for again. */
export function Waiting({ wait: { kind, seconds }, onRetry }: { wait: Wait; onRetry: () => void }) {
  return (
    <Card title={words.errors[kind]} isCalm>
      {kind === "loading" ? (
        <LoadingProgress />
      ) : (
        <div class="card-actions">
          <RetryButton onClick={onRetry} />
          {seconds !== null && <span class="quiet">{words.tryingAgainIn(seconds)}</span>}
        </div>
      )}
    </Card>
  );
}

function LoadingProgress() {
  const progress = loading.value?.progress ?? null;
  if (progress === null) return <progress aria-label={words.errors.loading} />;
  const text = words.loadingProgress(Math.floor(progress * 100));
  return (
    <>
      <progress aria-label={words.errors.loading} max={1} value={progress} />
      <p class="quiet">{text}</p>
    </>
  );
}

/** Why the server cannot answer yet, before anything is asked of it. */
export function ServerState() {
  const error = modelsError.value;
  if (error !== null) {
    const retry = () => void loadModels().then(() => rescueFocus());
    return <Problem error={toAnswerError(error)} onRetry={retry} />;
  }
  if (loading.value === null) return null;
  const { state, reason } = loading.value;
  if (state === "failed") return <Card title={words.errorCodes.model_failed} detail={reason ?? ""} />;
  return (
    <Card title={words.errors.loading} isCalm>
      <LoadingProgress />
    </Card>
  );
}
