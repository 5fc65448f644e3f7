// A text to and from a file of the person's choice.
// Owns: the browser's ways of doing that. Must not know: what is in the text.

/** Far more than a browser's history holds. */
const MOST_BYTES = 2 ** 28;

/** Offers a text as a file to keep. */
export function saveText(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser has opened it by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** Asks for a JSON file; null when none was chosen. Throws RangeError when it is unreasonably large. */
export async function pickText(): Promise<string | null> {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = "application/json,.json";
  const file = await new Promise<File | undefined>((resolve) => {
    input.addEventListener("change", () => resolve(input.files?.[0]));
    input.addEventListener("cancel", () => resolve(undefined));
    input.click();
  });
  if (file === undefined) return null;
  if (file.size > MOST_BYTES) throw new RangeError(`The file has ${file.size} bytes, at most ${MOST_BYTES} are read`);
  return file.text();
}
