// What a key means in a field where Enter does something.
// Owns: telling Enter from the Enter of an input method. Must not know: what Enter does.

/** Enter, but not while a Chinese or Japanese word is composed: it takes the word then. Safari says so by the code alone. */
export function isEnter(event: KeyboardEvent): boolean {
  return event.key === "Enter" && !event.isComposing && event.keyCode !== 229;
}

/** Enter that sends. With Shift, or where a screen keyboard has no other way to a new line, it begins one. */
export function isSend(event: KeyboardEvent): boolean {
  return isEnter(event) && !event.shiftKey && !matchMedia("(hover: none) and (pointer: coarse)").matches;
}
