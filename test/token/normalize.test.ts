import assert from "node:assert/strict";
import { test } from "node:test";
import { normalizeNfc } from "../../src/token/normalize.ts";
import { seeded } from "../fakes/random.ts";

const nfc = (text: string) => normalizeNfc(text, { steps: 0 });

test("normalizeNfc() equals the engine's NFC on long runs of marks", () => {
  const random = seeded(5);
  const marks: string[] = [];
  for (let c = 0x300; c < 0x1f000; c++) if (/\p{M}/u.test(String.fromCodePoint(c))) marks.push(String.fromCodePoint(c));
  const bases = ["", "a", "é", "ệ", "q", "\u1100", "क", "\ud800"];
  for (let i = 0; i < 500; i++) {
    const pool = i % 3 === 0 ? marks : marks.slice(0, 112);
    const text = Array.from({ length: 3 }, () => {
      const length = Math.floor(random() * 200);
      const run = Array.from({ length }, () => pool[Math.floor(random() * pool.length)]).join("");
      return bases[Math.floor(random() * bases.length)] + run;
    }).join("");
    assert.equal(nfc(text), text.normalize("NFC"), JSON.stringify(text));
  }
});

test("normalizeNfc() composes and orders short text", () => {
  assert.equal(nfc("e\u0301 A\u030a \u1100\u1161\u11a8 \u212b \u0958"), "é Å 각 Å \u0915\u093c");
  assert.equal(nfc("q\u0307\u0323"), "q\u0323\u0307");
  assert.equal(nfc("plain"), "plain");
});
