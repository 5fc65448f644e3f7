// Replaces the model's name in the text of a request body and nothing else.
// Owns: a walk over JSON text that is known to be valid. The text is edited, not parsed and written again: a seed beyond
// 2^53, 1.0 or a repeated key would come out changed. Must not know: what a request is.

/** `text`, a JSON object, with the value of every top-level "model" replaced; added in front when there is none. */
export function renameModel(text: string, model: string): string {
  const name = JSON.stringify(model);
  const pieces: string[] = [];
  let copied = 0;
  for (const { start, end } of valuesOf("model", text)) {
    pieces.push(text.slice(copied, start), name);
    copied = end;
  }
  if (copied > 0) return pieces.join("") + text.slice(copied);
  const inside = text.indexOf("{") + 1;
  const isEmpty = /^\s*\}/.test(text.slice(inside));
  return `${text.slice(0, inside)}"model":${name}${isEmpty ? "" : ","}${text.slice(inside)}`;
}

/** Where the values of one key of the outermost object stand. A key may repeat: parsers differ in which one counts. */
function* valuesOf(key: string, text: string): Generator<{ start: number; end: number }> {
  let depth = 0;
  let lastString = "";
  let start = -1;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '"') {
      const close = endOfString(text, i);
      lastString = text.slice(i, close);
      i = close - 1;
    } else if (char === "{" || char === "[") depth++;
    else if (char === ":" && depth === 1 && JSON.parse(lastString) === key) start = i + 1;
    else if (char === "," || char === "}" || char === "]") {
      if (depth === 1 && start >= 0) {
        yield { start, end: i };
        start = -1;
      }
      if (char !== ",") depth--;
    }
  }
}

/** The place behind the closing quote of the string that opens at `open`. */
function endOfString(text: string, open: number): number {
  let i = open + 1;
  while (text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
  return i + 1;
}
