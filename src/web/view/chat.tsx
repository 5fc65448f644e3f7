// The open conversation: its messages, the answer that comes, and where the next question is written.
// Owns: their order, and what is shown before there is any. Must not know: what a message looks like.

import { comingHere, regenerate, send, stop } from "../state/answers.ts";
import { current } from "../state/chats.ts";
import { words } from "../state/words.ts";
import { Composer } from "./composer.tsx";
import { ContextWarning } from "./context.tsx";
import { rescueFocus } from "./focus.ts";
import { Follow } from "./follow.tsx";
import { Answer, Question } from "./message.tsx";
import { RetryButton, ServerState } from "./problem.tsx";

export function Chat() {
  const chat = current.value;
  const coming = comingHere.value;
  const isEmpty = chat.messages.length === 0;
  // A state of it may have been stored, and read again when another tab changed something.
  const settled = chat.messages.filter(({ id }) => id !== coming?.message.id);
  const last = chat.messages.at(-1);
  const isUnanswered = coming === undefined && last?.role === "user";
  const questions = chat.messages.filter(({ role }) => role === "user");
  return (
    <div class={isEmpty ? "chat empty" : "chat"}>
      {isEmpty ? (
        <Welcome />
      ) : (
        <Follow key={chat.id} jumpFor={questions.at(-1)?.id ?? ""}>
          <div class="messages">
            {settled.map((message) =>
              message.role === "user" ? (
                <Question key={message.id} message={message} />
              ) : (
                <Answer key={message.id} message={message} messages={settled} />
              ),
            )}
            {isUnanswered && <Unanswered id={last.id} />}
            {coming !== undefined && (
              <Answer key={coming.message.id} message={coming.message} messages={settled} asking={coming.asking} />
            )}
          </div>
        </Follow>
      )}
      <div class="foot">
        <div class="foot-column">
          {coming === undefined && <ServerState />}
          <ContextWarning />
          <Composer place={chat.id} isBusy={coming !== undefined} onSend={send} onStop={stop} />
        </div>
      </div>
    </div>
  );
}

/** The page was left before its answer began, or that was deleted. */
function Unanswered({ id }: { id: string }) {
  const retry = () => {
    regenerate(id);
    rescueFocus();
  };
  return (
    <div>
      <RetryButton onClick={retry} />
    </div>
  );
}

function Welcome() {
  return (
    <div class="welcome">
      <h2>{words.welcome}</h2>
      <p>{words.welcomeMore}</p>
      <ul>
        {words.examples.map((example) => (
          <li key={example}>
            <button type="button" onClick={() => send(example)}>
              {example}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
