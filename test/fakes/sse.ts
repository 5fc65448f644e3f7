// Reads what comes piece by piece in tests: a text/event-stream body, any iteration.

/** All values of an iteration. */
export async function collect<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const all: Value[] = [];
  for await (const value of values) all.push(value);
  return all;
}

/** The frames of a whole stream, without the empty lines between them. */
export async function frames(response: Response): Promise<string[]> {
  const text = await response.text();
  if (text !== "" && !text.endsWith("\n\n")) throw new Error("The stream ended inside a frame");
  return text.split("\n\n").slice(0, -1);
}

/** The objects of the data frames before [DONE]. */
export async function events(response: Response): Promise<Record<string, unknown>[]> {
  const data = (await frames(response)).filter((frame) => frame.startsWith("data: ")).map((frame) => frame.slice(6));
  return data.filter((text) => text !== "[DONE]").map((text) => JSON.parse(text) as Record<string, unknown>);
}
