import assert from "node:assert/strict";
import { test } from "node:test";
import { AnswerText, type Piece } from "../../src/sample/text.ts";
import { byteVocab } from "../fakes/vocab.ts";

const vocab = byteVocab(["ab", "bc"]);
const bytes = (text: string) => [...new TextEncoder().encode(text)];
const imEnd = vocab.addedId("<|im_end|>")!;

function run(ids: readonly number[], stop: readonly string[] = []) {
  const answer = new AnswerText<{ id: number }>(vocab, stop);
  const pieces: (Piece<{ id: number }> | null)[] = [];
  for (const id of ids) {
    pieces.push(answer.push({ id }));
    if (answer.isStopped) break;
  }
  pieces.push(answer.end());
  const given = pieces.filter((piece) => piece !== null);
  return {
    pieces,
    text: given.map((piece) => piece.text).join(""),
    tokens: given.flatMap((piece) => piece.tokens.map(({ id }) => id)),
    isStopped: answer.isStopped,
  };
}

test("AnswerText gives whole characters only, with the tokens that begin them", () => {
  const { pieces, text, tokens } = run(bytes("é你👍"));
  assert.equal(text, "é你👍");
  assert.deepEqual(tokens, bytes("é你👍"));
  assert.deepEqual(
    pieces.map((piece) => piece?.text ?? null),
    [null, "é", null, null, "你", null, null, null, "👍", null],
  );
  assert.deepEqual(pieces[4]!.tokens.length, 3);
});

test("AnswerText gives U+FFFD for a character that the end cut", () => {
  assert.equal(run(bytes("a你").slice(0, 3)).text, "a\ufffd");
  assert.equal(run(bytes("a你").slice(0, 3)).tokens.length, 3);
});

test("AnswerText leaves out special tokens, but gives them with the tokens", () => {
  const { text, tokens } = run([...bytes("a"), imEnd, ...bytes("b"), imEnd]);
  assert.equal(text, "ab");
  assert.deepEqual(tokens, [97, imEnd, 98, imEnd]);
});

test("AnswerText cuts before a stop string that spans tokens, and drops the tokens behind the cut", () => {
  // a, "bc" | stop "cd": the token "bc" begins before the cut.
  const { pieces, text, tokens, isStopped } = run([97, vocab.find(Uint8Array.of(98, 99), 0, 2), 100, 101], ["cd"]);
  assert.equal(text, "ab");
  assert.ok(isStopped);
  assert.deepEqual(tokens, [97, 257]);
  assert.equal(pieces.at(-1), null);
});

test("AnswerText holds back what may become a stop string, and gives it when it does not", () => {
  const { pieces, text, tokens } = run(bytes("xENx"), ["END"]);
  assert.deepEqual(
    pieces.map((piece) => piece?.text ?? null),
    ["x", null, null, "ENx", null],
  );
  assert.equal(text, "xENx");
  assert.deepEqual(tokens, bytes("xENx"));
  const atEnd = run(bytes("xEN"), ["END"]);
  assert.equal(atEnd.text, "xEN");
  assert.deepEqual(atEnd.tokens, bytes("xEN"));
});

test("AnswerText takes the stop string that is complete first, at the very start too", () => {
  assert.equal(run(bytes("abcd"), ["bcd", "b"]).text, "a");
  assert.deepEqual(run(bytes("abcd"), ["a"]), { pieces: [null, null], text: "", tokens: [], isStopped: true });
  assert.equal(run(bytes("1你2"), ["你"]).text, "1");
});
