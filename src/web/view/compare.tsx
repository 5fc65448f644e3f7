// Two models side by side: one question, two answers.
// Owns: the table of turns. Must not know: how they are asked.

import { newMessage } from "../conversation.ts";
import { askAgain, askBoth, isComparing, modelOf, type Side, sides, startOver, stopBoth } from "../state/compare.ts";
import { words } from "../state/words.ts";
import { Composer } from "./composer.tsx";
import { rescueFocus } from "./focus.ts";
import { Follow } from "./follow.tsx";
import { Answer } from "./message.tsx";
import { ModelSelect } from "./model-select.tsx";
import { ServerState } from "./problem.tsx";

export function Compare() {
  const questions = sides[0].conversation.value.messages.filter(({ role }) => role === "user");
  return (
    <div class="chat compare">
      <div class="heads">
        <div class="pair">
          {sides.map((side, index) => (
            <ModelSelect
              key={labelOf(index)}
              label={labelOf(index)}
              value={modelOf(side)}
              onChoose={(id) => {
                side.chosen.value = id;
              }}
            />
          ))}
        </div>
      </div>
      {questions.length === 0 ? (
        <p class="hint-page">{words.compareHint}</p>
      ) : (
        <Follow jumpFor={questions.at(-1)?.id ?? ""}>
          <div class="messages">
            {questions.map(({ id, text }, turn) => (
              <section key={id}>
                <article class="question" aria-label={words.you}>
                  <div class="bubble" dir="auto">
                    {text}
                  </div>
                </article>
                <div class="pair">
                  {sides.map((side, index) => (
                    <SideAnswer key={labelOf(index)} side={side} turn={turn} />
                  ))}
                </div>
              </section>
            ))}
          </div>
        </Follow>
      )}
      <div class="foot">
        <div class="foot-column">
          {!isComparing.value && <ServerState />}
          {questions.length > 0 && (
            <button
              type="button"
              class="quiet-button start-over"
              onClick={() => {
                startOver();
                rescueFocus();
              }}
            >
              {words.startOver}
            </button>
          )}
          <Composer place="compare" isBusy={isComparing.value} onSend={askBoth} onStop={stopBoth} />
        </div>
      </div>
    </div>
  );
}

const COMING = newMessage("assistant", "");

function SideAnswer({ side, turn }: { side: Side; turn: number }) {
  const { messages } = side.conversation.value;
  const message = messages[2 * turn + 1];
  const asking = side.asking.value;
  if (message !== undefined) {
    const isLast = message === messages.at(-1);
    return (
      <Answer message={message} messages={messages} isFixed {...(isLast ? { onRetry: () => askAgain(side) } : {})} />
    );
  }
  return asking === null ? null : <Answer message={COMING} messages={messages} asking={asking} isFixed />;
}

function labelOf(index: number): string {
  return index === 0 ? words.model : words.secondModel;
}
