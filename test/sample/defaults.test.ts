import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestError } from "../../src/errors.ts";
import { samplingParams, stopIds } from "../../src/sample/defaults.ts";
import { byteVocab } from "../fakes/vocab.ts";

const vocab = byteVocab();
const request = { stopTokenIds: [], ignoreEos: false, logitBias: new Map<number, number>(), topLogprobs: null };
const facts = { generation: { eos_token_id: [] }, hiddenSize: 896, vocab };
const pick = (params: ReturnType<typeof samplingParams>) => {
  const { temperature, topK, topP, minP, repetitionPenalty } = params;
  return { temperature, topK, topP, minP, repetitionPenalty };
};

test("samplingParams() takes the family's values, when neither request nor model say any", () => {
  const family = { temperature: 0.7, topK: 20, topP: 0.8, minP: 0, repetitionPenalty: 1.1 };
  assert.deepEqual(pick(samplingParams(request, facts)), family);
  assert.equal(samplingParams(request, { ...facts, hiddenSize: 3584 }).repetitionPenalty, 1.05);
  assert.equal(samplingParams(request, facts).seed, null);
});

test("samplingParams() prefers the model's values to the family's, and the request's to both", () => {
  const generation = { eos_token_id: [], temperature: 0.3, top_k: 5, top_p: 0.6, min_p: 0.1, repetition_penalty: 1.2 };
  const model = { temperature: 0.3, topK: 5, topP: 0.6, minP: 0.1, repetitionPenalty: 1.2 };
  assert.deepEqual(pick(samplingParams(request, { ...facts, generation })), model);
  const asked = { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 };
  assert.deepEqual(pick(samplingParams({ ...request, ...asked }, { ...facts, generation })), asked);
});

test("samplingParams() is greedy where the model says do_sample false, unless the request gives a temperature", () => {
  const generation = { eos_token_id: [], do_sample: false, temperature: 0.3 };
  assert.equal(samplingParams(request, { ...facts, generation }).temperature, 0);
  assert.equal(samplingParams({ ...request, temperature: 1 }, { ...facts, generation }).temperature, 1);
});

test("samplingParams() refuses a bias on an id that is no token, and takes a top_k of the whole table for none", () => {
  const logitBias = new Map([[vocab.tokens, 1]]);
  assert.throws(
    () => samplingParams({ ...request, logitBias }, facts),
    (error) => error instanceof RequestError && error.param === "logit_bias",
  );
  assert.equal(samplingParams({ ...request, topK: vocab.tokens }, facts).topK, 0);
});

test("stopIds() are the model's own, else the family's by name, and the request's", () => {
  const [endOfText, imEnd] = [vocab.addedId("<|endoftext|>")!, vocab.addedId("<|im_end|>")!];
  assert.deepEqual(stopIds({ ...request, stopTokenIds: [5] }, facts), new Set([imEnd, endOfText, 5]));
  assert.deepEqual(stopIds(request, { ...facts, generation: { eos_token_id: [9] } }), new Set([9]));
  assert.deepEqual(stopIds({ ...request, ignoreEos: true, stopTokenIds: [5] }, facts), new Set([5]));
});
