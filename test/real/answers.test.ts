// The real model answers, greedily, and its ids do not depend on how it is cut or computed.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { GREEDY } from "../../src/engine/frame.ts";
import { decode } from "../../src/token/decode.ts";
import { loadVocab, type Vocab } from "../../src/token/vocab.ts";
import { type OpenOptions, openChain } from "../fakes/packed.ts";
import { promptIds, realModel, skip, skipCuts } from "./model.ts";

const QUESTION = "Write a Python function that returns the larger of two numbers.";
const END = 151_645; // <|im_end|>

let folder = "";
let vocab: Vocab;
before(async () => {
  if (skip) return;
  folder = await realModel();
  vocab = loadVocab(new Uint8Array(readFileSync(join(folder, "tokenizer.bin"))));
});

type Opened = Awaited<ReturnType<typeof openChain>>;

async function answer({ manifest, chain }: Opened, question: string, maxTokens: number): Promise<number[]> {
  const prompt = promptIds(manifest, vocab, question);
  const session = await chain.open({ positions: prompt.length + maxTokens, signal: new AbortController().signal });
  const ids: number[] = [];
  let next = (await session.sync(prompt, GREEDY)).top[0]!.id;
  while (next !== END && ids.length < maxTokens) {
    ids.push(next);
    next = (await session.step(next, GREEDY)).top[0]!.id;
  }
  session.close();
  return ids;
}

test("a question in English, one for code and one in Chinese get right answers, three at once", { skip }, async () => {
  const opened = await openChain(folder, { rows: 128 });
  const questions = ["What is the capital of France?", QUESTION, "中国的首都是哪里？请用一句话回答。"];
  const answers = await Promise.all(questions.map((question) => answer(opened, question, 60)));
  const [english, code, chinese] = answers.map((ids) => decode(vocab, ids));
  assert.match(english!, /\bParis\b/);
  assert.match(code!, /def \w+\(\w+, ?\w+\):[\s\S]*return/);
  assert.match(chinese!, /北京/);
  for (const [i, question] of questions.entries()) {
    assert.deepEqual(await answer(opened, question, 20), answers[i]!.slice(0, 20), "alone and beside others");
  }
});

test("the ids do not depend on the kernels' variant or on how the prompt is cut", { skip }, async () => {
  const expected = await answer(await openChain(folder, { rows: 128 }), QUESTION, 24);
  const others: OpenOptions[] = [
    { kernels: "i32", rows: 17 },
    { kernels: "i16", rows: 64 },
    { kernels: "plain", rows: 33 },
  ];
  for (const options of others)
    assert.deepEqual(await answer(await openChain(folder, options), QUESTION, 24), expected);
});

test("the ids do not depend on how many stages hold the model", { skip: skipCuts }, async () => {
  const expected = await answer(await openChain(folder), QUESTION, 24);
  for (const stages of [2, 3]) {
    const opened = await openChain(await realModel(stages));
    assert.equal(opened.stages.length, stages);
    assert.deepEqual(await answer(opened, QUESTION, 24), expected, `${stages} stages`);
  }
});
