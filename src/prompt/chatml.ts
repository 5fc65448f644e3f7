// Messages to prompt text, through the model's own chat template.
// Owns: rendering as transformers' apply_chat_template does, and the mark on every span that came from a message.
// Takes a Jinja template and messages; gives the prompt in parts, trusted (the template's text) or not (a message's).
// Must not know: tokens, sampling, HTTP. token/encode.ts parses control tokens in trusted parts only.

import { Template } from "@huggingface/jinja";
import type { Message } from "../completer.ts";
import { ModelFileError, RequestError } from "../errors.ts";
import { hide, parts, wordsAskedFor } from "./marks.ts";
import { QWEN2_TEMPLATE } from "./qwen2-template.ts";

/** A piece of a prompt: `trusted` text is the template's own, the rest came from messages. */
export interface PromptPart {
  readonly text: string;
  readonly trusted: boolean;
}

export interface Prompter {
  /**
   * The prompt with the generation prompt at its end; the parts' texts, joined, are renderText(messages).
   * @throws {RequestError} when the template refuses the messages, or rewrites them so that marks are lost
   */
  render(messages: readonly Message[]): readonly PromptPart[];
  /** @throws {RequestError} when the template refuses the messages */
  renderText(messages: readonly Message[]): string;
}

const ROLES: ReadonlySet<string> = new Set(["system", "user", "assistant", "tool"]);

/**
 * A prompter for a chat template; null: ChatML as Qwen2-Instruct has it.
 * `variables` are what transformers hands to a template beside the messages, such as `eos_token`.
 * @throws {ModelFileError} when the template is not Jinja
 */
export function createPrompter(template: string | null, variables: Readonly<Record<string, string>> = {}): Prompter {
  const compiled = compile(template ?? QWEN2_TEMPLATE);
  const asked = wordsAskedFor(compiled.parsed);

  const run = (messages: readonly Message[]): string =>
    compiled.render({
      ...variables,
      // Only what a template may see; transformers gives tools and documents as None.
      messages: messages.map(({ role, content }) => ({ role, content })),
      tools: null,
      documents: null,
      add_generation_prompt: true,
    });

  const hidden = (messages: readonly Message[], keep: readonly string[]): readonly Message[] =>
    messages.map(({ role, content }) => ({ role, content: hide(content, keep) }));

  const renderText = (messages: readonly Message[]): string => {
    for (const [i, { role }] of messages.entries()) {
      // The template writes roles as its own text, so a role must never be a user's words.
      if (!ROLES.has(role)) throw new RequestError("Unknown role", { param: `messages[${i}].role` });
    }
    try {
      return run(messages);
    } catch (cause) {
      throw refusal(() => run(hidden(messages, [])), cause);
    }
  };

  const render = (messages: readonly Message[]): readonly PromptPart[] => {
    const text = renderText(messages);
    for (const keep of asked.length === 0 ? [[]] : [[], asked]) {
      try {
        const found = parts(text, run(hidden(messages, keep)), keep);
        if (found !== null) return found;
      } catch {
        // The template refuses the hidden messages: its answer hangs on their words. Try with those, or give up.
      }
    }
    throw new RequestError(
      "The model's chat template rewrites a message's text, so control tokens in it cannot be told from the " +
        "template's own; send messages without the words that the template looks for",
      { param: "messages" },
    );
  };

  return { render, renderText };
}

function compile(source: string): Template {
  try {
    return new Template(source);
  } catch (cause) {
    throw new ModelFileError("chat_template", `not a Jinja template: ${(cause as Error).message}`, { cause });
  }
}

/** The template's own words on why it refuses; taken from a rendering without the users' text, which stays private. */
function refusal(again: () => void, cause: unknown): RequestError {
  let reason = "";
  try {
    again();
  } catch (error) {
    reason = `: ${(error as Error).message.slice(0, 200)}`;
  }
  return new RequestError(`The model's chat template refuses these messages${reason}`, { param: "messages", cause });
}
