// The chat API as a client sees it: one streamed answer.
// Takes an address and messages; gives pieces of text and, at the end, what was counted. Owns the reading of server-sent
// events. Must not know: terminals.

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

export type Event =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "tokens"; readonly count: number };

export interface Endpoint {
  readonly url: string;
  readonly key: string | undefined;
  /** Undefined: the server's own. */
  readonly model: string | undefined;
}

interface Chunk {
  readonly choices?: readonly { readonly delta?: { readonly content?: string | null } }[];
  readonly usage?: { readonly completion_tokens: number } | null;
  readonly error?: { readonly message: string };
}

/** @throws {Error} with the server's message when it refuses or breaks off, or the signal's reason */
export async function* ask(
  { url, key, model }: Endpoint,
  messages: readonly ChatMessage[],
  signal: AbortSignal,
): AsyncGenerator<Event> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(key && { authorization: `Bearer ${key}` }) },
    body: JSON.stringify({ model, messages, stream: true, stream_options: { include_usage: true } }),
    signal,
  });
  if (!response.ok || response.body === null) throw new Error(await refusal(response));
  for await (const data of readEvents(response.body)) {
    if (data === "[DONE]") return;
    const { choices, usage, error } = JSON.parse(data) as Chunk;
    if (error) throw new Error(error.message);
    const text = choices?.[0]?.delta?.content;
    if (text) yield { kind: "text", text };
    if (usage) yield { kind: "tokens", count: usage.completion_tokens };
  }
}

/** The data of each event; comments and other fields are passed over. */
async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of body) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r?\n/);
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("data:")) yield line.slice(5).trimStart();
  }
}

/** Why a request was refused, in the server's words where it has any. */
async function refusal(response: Response): Promise<string> {
  const text = await response.text();
  try {
    return (JSON.parse(text) as Chunk).error?.message ?? `Status ${response.status}`;
  } catch {
    return `Status ${response.status} from ${response.url}: not an OpenAI-compatible server?`;
  }
}
