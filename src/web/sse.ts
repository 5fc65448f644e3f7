// Server-sent events as they come: bytes become the data of one event after another.
// Owns: the format, in whatever pieces it arrives: lines that end by LF, CR or CRLF, comments, data of several lines.
// Takes a body; an event of unreasonable size is an error, so nothing is held without bound. Must not know: what the
// data says.

/** Characters of one event: far beyond a chunk of an answer. */
const MOST_CHARACTERS = 2 ** 22;

/** The data of each event. Cancels the body when it is left early. Throws RangeError, and what reading the body throws. */
export async function* sseData(
  body: ReadableStream<Uint8Array>,
  mostCharacters = MOST_CHARACTERS,
): AsyncGenerator<string, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder(); // drops a byte order mark
  let buffer = "";
  /** Up to where the buffer is known to have no line end. */
  let searched = 0;
  let isAfterCr = false;
  let data: string[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      // An event that no empty line has ended is not whole: it is dropped, as the standard says.
      if (done) return;
      buffer += decoder.decode(value, { stream: true });
      let start = 0;
      for (;;) {
        // The LF of a CRLF, which may come a chunk later than its CR.
        if (isAfterCr && start < buffer.length) {
          isAfterCr = false;
          if (buffer[start] === "\n") searched = ++start;
        }
        const end = lineEnd(buffer, Math.max(start, searched));
        if (end === -1) break;
        const line = buffer.slice(start, end);
        isAfterCr = buffer[end] === "\r";
        start = searched = end + 1;
        if (line === "") {
          if (data.length > 0) yield data.join("\n");
          data = [];
          size = 0;
        } else if (line === "data" || line.startsWith("data:")) {
          data.push(line.slice(5).replace(/^ /, ""));
          size += line.length;
          if (size > mostCharacters) throw tooLong(mostCharacters);
        }
      }
      buffer = buffer.slice(start);
      searched = buffer.length;
      if (buffer.length > mostCharacters) throw tooLong(mostCharacters);
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

function lineEnd(text: string, from: number): number {
  const lf = text.indexOf("\n", from);
  const cr = text.slice(from, lf === -1 ? undefined : lf).indexOf("\r");
  return cr === -1 ? lf : from + cr;
}

function tooLong(most: number): RangeError {
  return new RangeError(`An event of the stream has more than ${most} characters`);
}
