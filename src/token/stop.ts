// Stop strings in streamed text: text that may be the beginning of one is held back until it is decided.
// Takes pieces of text; gives pieces that together are the text up to the stop string that is complete first (of those
// complete at the same character, the longest). How the text was cut into pieces makes no difference.
// Must not know: tokens, sampling.

/** Follows one stop string through the text (Knuth, Morris, Pratt): how much of it the text so far ends with. */
class StopString {
  readonly text: string;
  matched = 0;
  /** For each length matched: the longest shorter one that the same text also ends with. */
  private readonly fallback: Int32Array;

  constructor(text: string) {
    this.text = text;
    this.fallback = new Int32Array(text.length + 1);
    for (let length = 2, shorter = 0; length <= text.length; length++) {
      shorter = this.extend(shorter, text.charCodeAt(length - 1));
      this.fallback[length] = shorter;
    }
  }

  /** Takes one more code unit; true when the text now ends with the whole stop string. */
  follow(unit: number): boolean {
    this.matched = this.extend(this.matched, unit);
    return this.matched === this.text.length;
  }

  private extend(matched: number, unit: number): number {
    while (matched > 0 && this.text.charCodeAt(matched) !== unit) matched = this.fallback[matched]!;
    return this.text.charCodeAt(matched) === unit ? matched + 1 : 0;
  }
}

export class StopMatcher {
  /** The stop string that ended the text, or null so far. */
  stopped: string | null = null;
  private readonly stops: readonly StopString[];
  private held = "";

  /** Empty stop strings never match. */
  constructor(stops: readonly string[]) {
    this.stops = stops.filter((stop) => stop !== "").map((stop) => new StopString(stop.toWellFormed()));
  }

  /** The text that can no longer be part of a stop string. Once stopped, nothing more comes. */
  push(text: string): string {
    if (this.stopped !== null) return "";
    const all = this.held + text;
    for (let i = this.held.length; i < all.length; i++) {
      const unit = all.charCodeAt(i);
      for (const stop of this.stops) {
        if (stop.follow(unit) && stop.text.length > (this.stopped?.length ?? 0)) this.stopped = stop.text;
      }
      if (this.stopped !== null) {
        this.held = "";
        return all.slice(0, i + 1 - this.stopped.length);
      }
    }
    const hold = this.stops.reduce((longest, stop) => Math.max(longest, stop.matched), 0);
    this.held = all.slice(all.length - hold);
    return all.slice(0, all.length - hold);
  }

  /** What was held back, when the text ends without a stop string. */
  flush(): string {
    const { held } = this;
    this.held = "";
    return held;
  }
}
