// `qwen-edge chat`: a conversation in the terminal with a running server.
// Takes lines from the terminal, or from a pipe (one question a line); gives streamed answers. Ctrl-C stops an answer, and
// leaves when there is none. Must not know: how an answer is fetched.

import { createInterface, type Interface } from "node:readline";
import { parseArgs } from "node:util";
import { ask, type ChatMessage, type Endpoint } from "./chat/api.ts";

const HELP = `Usage: npx qwen-edge chat [OPTIONS]

Talks to a running server (npm start). Ctrl-C stops an answer; at the prompt it leaves, as Ctrl-D does.
Lines from a pipe are questions of one conversation.

  --url URL       the server (default: http://127.0.0.1:8787)
  --model NAME    one of the server's models (default: its own)
  --system TEXT   the system message (default: the model's own)

The API key, if the server wants one, is read from QWEN_EDGE_API_KEY.`;

export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      url: { type: "string", default: "http://127.0.0.1:8787" },
      model: { type: "string" },
      system: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const url = values.url.replace(/\/+(v1\/*)?$/, "");
  const endpoint: Endpoint = { url, key: process.env.QWEN_EDGE_API_KEY, model: values.model };
  const served = await findServer(url);
  const isTerminal = process.stdin.isTTY === true;
  const lines = createInterface({ input: process.stdin, output: process.stdout, terminal: isTerminal, prompt: "> " });
  if (isTerminal) console.log(dim(`${values.model ?? served} at ${url}; Ctrl-C stops an answer, Ctrl-D leaves\n`));
  const messages: ChatMessage[] = values.system === undefined ? [] : [{ role: "system", content: values.system }];
  return converse(endpoint, messages, lines);
}

/** Asks line by line until the lines end. Resolves to the exit code: 1 if a question was refused. */
async function converse(endpoint: Endpoint, messages: ChatMessage[], lines: Interface): Promise<number> {
  let answering: AbortController | undefined;
  const onInterrupt = () => (answering === undefined || answering.signal.aborted ? lines.close() : answering.abort());
  lines.on("SIGINT", onInterrupt); // a terminal in raw mode gives Ctrl-C as a key
  process.on("SIGINT", onInterrupt);
  let isOpen = lines.terminal; // a pipe needs no prompt, and a closed terminal takes none
  lines.once("close", () => {
    isOpen = false;
  });
  let exitCode = 0;
  try {
    if (isOpen) lines.prompt();
    for await (const line of lines) {
      const question = line.trim();
      if (question !== "") {
        answering = new AbortController();
        messages.push({ role: "user", content: question });
        const answer = await print(endpoint, messages, answering.signal);
        if (answer === null) {
          messages.pop();
          exitCode = 1;
        } else messages.push({ role: "assistant", content: answer });
        answering = undefined;
      }
      if (isOpen) lines.prompt();
    }
  } finally {
    process.off("SIGINT", onInterrupt);
  }
  return exitCode;
}

/** Prints one answer while it comes, and its speed. Resolves to its text, as far as it came; null when refused. */
async function print(
  endpoint: Endpoint,
  messages: readonly ChatMessage[],
  signal: AbortSignal,
): Promise<string | null> {
  let answer = "";
  let tokens = 0;
  let firstAt = 0;
  try {
    for await (const event of ask(endpoint, messages, signal)) {
      if (event.kind === "tokens") tokens = event.count;
      else {
        firstAt ||= performance.now();
        answer += event.text;
        process.stdout.write(event.text);
      }
    }
  } catch (error) {
    if (!signal.aborted) {
      console.error(`${answer === "" ? "" : "\n"}${error instanceof Error ? error.message : error}`);
      return null;
    }
  }
  const seconds = (performance.now() - firstAt) / 1000;
  // The first token's time belongs to the prompt, so the speed is that of those after it.
  const speed = tokens > 1 && seconds > 0 ? `${tokens} tokens, ${((tokens - 1) / seconds).toFixed(1)} tokens/s` : "";
  process.stdout.write(`\n${signal.aborted ? dim("stopped") : dim(speed)}\n\n`);
  return answer;
}

/** The name of the server's model. @throws {Error} when there is no server, or it is not ready */
async function findServer(url: string): Promise<string> {
  let response: Response;
  try {
    response = await fetch(`${url}/health`);
  } catch (cause) {
    throw new Error(`No server answers at ${url}; start one with npm start, or name another with --url`, { cause });
  }
  const health = (await response.json().catch(() => ({}))) as {
    model?: { name?: string };
    error?: { message?: string };
  };
  if (response.ok) return health.model?.name ?? "model";
  throw new Error(`The server at ${url} is not ready: ${health.error?.message ?? `status ${response.status}`}`);
}

/** Faint on a terminal. */
function dim(text: string): string {
  return process.stdout.isTTY && text !== "" ? `\x1b[2m${text}\x1b[22m` : text;
}
