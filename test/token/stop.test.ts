import assert from "node:assert/strict";
import { test } from "node:test";
import { StopMatcher } from "../../src/token/stop.ts";
import { seeded } from "../fakes/random.ts";

test("StopMatcher.push() holds back what may be the beginning of a stop string", () => {
  const matcher = new StopMatcher(["\n\nUser:", "END"]);
  assert.deepEqual(
    ["Hello\n", "\nUs", "e a", "E", "N", "N E", "ND more"].map((piece) => matcher.push(piece)),
    ["Hello", "", "\n\nUse a", "", "", "ENN ", ""],
  );
  assert.equal(matcher.stopped, "END");
  assert.equal(matcher.push("x"), "");
  assert.equal(matcher.flush(), "");
});

test("StopMatcher.flush() gives what was held back when the text ends", () => {
  const matcher = new StopMatcher(["aab"]);
  assert.equal(matcher.push("xaaa"), "xa");
  assert.equal(matcher.flush(), "aa");
  assert.equal(matcher.stopped, null);
});

test("StopMatcher.push() passes everything on without stop strings", () => {
  for (const stops of [[], [""]]) {
    const matcher = new StopMatcher(stops);
    assert.equal(matcher.push("some text"), "some text");
    assert.equal(matcher.stopped, null);
  }
});

/** The rule, on the whole text: the stop string that ends first; of several, the longest. */
function cutAt(text: string, stops: readonly string[]): { text: string; stopped: string | null } {
  for (let end = 1; end <= text.length; end++) {
    const ending = stops.filter((stop) => stop !== "" && text.slice(0, end).endsWith(stop));
    const longest = ending.sort((a, b) => b.length - a.length)[0];
    if (longest !== undefined) return { text: text.slice(0, end - longest.length), stopped: longest };
  }
  return { text, stopped: null };
}

test("StopMatcher.push() gives the same text however it is cut, and holds back no more than it must", () => {
  const random = seeded(8);
  const word = (most: number) =>
    Array.from({ length: Math.floor(random() * (most + 1)) }, () => "aabc😀"[Math.floor(random() * 4)]).join("");
  let stoppedCount = 0;
  for (let i = 0; i < 20_000; i++) {
    const stops = Array.from({ length: Math.floor(random() * 4) }, () => word(5));
    const pieces = Array.from({ length: Math.floor(random() * 8) }, () => word(4));
    const matcher = new StopMatcher(stops);
    let given = "";
    let seen = "";
    for (const piece of pieces) {
      given += matcher.push(piece);
      seen += piece;
      if (matcher.stopped !== null) break;
      const held = seen.slice(given.length);
      assert.ok(held === "" || stops.some((stop) => stop.startsWith(held)), `${held} of ${stops}`);
    }
    given += matcher.flush();
    const whole = pieces.join("");
    assert.deepEqual({ text: given, stopped: matcher.stopped }, cutAt(whole, stops), JSON.stringify({ pieces, stops }));
    if (matcher.stopped !== null) stoppedCount++;
  }
  assert.ok(stoppedCount > 2_000);
});
