// The whole way of src/complete.ts over the real engine and the model that ships: many conversations, one chain.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pack } from "../scripts/pack/pack.ts";
import { createCompleter } from "../src/complete.ts";
import type { ChatRequest, Completer, Delta } from "../src/completer.ts";
import { readConfig } from "../src/config.ts";
import { BusyError } from "../src/errors.ts";
import { createPrompter } from "../src/prompt/chatml.ts";
import { loadVocab } from "../src/token/vocab.ts";
import { type OpenOptions, openChain } from "./fakes/packed.ts";
import { TINY } from "./pack/model.ts";

let folder = "";
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "qwen-edge-conversations-"));
  for (const stages of [1, 3]) await pack(TINY, { out: join(folder, `${stages}`), stages, tileRows: 128 });
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** A completer over the real engine, and how many frames its first stage has computed. */
async function open(stages: 1 | 3, options: OpenOptions & { contextLength?: number } = {}) {
  const packed = join(folder, `${stages}`);
  const { manifest, chain, stages: local } = await openChain(packed, options);
  const frames = { count: 0 };
  const run = local[0]!.run.bind(local[0]);
  local[0]!.run = (frame) => {
    frames.count++;
    return run(frame);
  };
  const completer = createCompleter({
    manifest,
    prompter: createPrompter(manifest.chat_template),
    vocab: loadVocab(new Uint8Array(readFileSync(join(packed, manifest.tokenizer.file)))),
    chain,
    limits: { contextLength: options.contextLength ?? 512, maxTokens: 4_096 },
  });
  return { completer, chain, frames };
}

const ask = (content: string, change: Partial<ChatRequest> = {}): ChatRequest => ({
  model: "tiny",
  messages: [{ role: "user", content }],
  maxTokens: 24,
  temperature: 1,
  topK: 0,
  topP: 1,
  stop: [],
  stopTokenIds: [],
  ignoreEos: true,
  logitBias: new Map(),
  topLogprobs: 3,
  ...change,
});

async function start(completer: Completer, request: ChatRequest, signal = new AbortController().signal) {
  const completion = await completer.complete(request, signal);
  assert.ok("deltas" in completion);
  return completion.deltas;
}

async function answer(completer: Completer, request: ChatRequest): Promise<Delta[]> {
  const deltas: Delta[] = [];
  for await (const delta of await start(completer, request)) deltas.push(delta);
  return deltas;
}

/** Requests that differ in everything that a neighbour could disturb. */
const REQUESTS = [
  ask("a", { seed: 7 }),
  ask("What is the capital of France? ".repeat(4), { seed: 8, topP: 0.9, repetitionPenalty: 1.3 }),
  ask("你好", { seed: 7, minP: 0.02, presencePenalty: 1 }),
  ask("def add(a, b):\n", { temperature: 0, logitBias: new Map([[300, 3]]) }),
  ask("b", { seed: 9, topK: 5, frequencyPenalty: 0.5 }),
];

for (const stages of [1, 3] as const) {
  test(`the same seed gives the same answer, alone, again, and with others beside it (${stages} stages)`, async () => {
    const { completer, chain } = await open(stages, { rows: 20 });
    const alone: Delta[][] = [];
    for (const request of REQUESTS) alone.push(await answer(completer, request));
    assert.equal(new Set(alone.map((deltas) => JSON.stringify(deltas))).size, REQUESTS.length);
    assert.deepEqual(await Promise.all(REQUESTS.map((request) => answer(completer, request))), alone);
    assert.deepEqual(await answer(completer, REQUESTS[1]!), alone[1]);
    assert.deepEqual(chain.load, { active: 0, waiting: 0 });
    if (stages > 1) {
      const { completer: whole } = await open(1, { rows: 32 });
      for (const [i, request] of REQUESTS.entries()) assert.deepEqual(await answer(whole, request), alone[i]);
    }
  });
}

test("a conversation's next turn counts what was computed as cached, for its own scope alone", async () => {
  const { completer, frames } = await open(1, { rows: 20 });
  const first = ask("Tell me something about the sea.", { scope: "a", temperature: 0, maxTokens: 20 });
  const { usage, text } = finishOf(await answer(completer, first));
  assert.equal(usage.cachedTokens, 0);
  const again = finishOf(await answer(completer, first));
  assert.deepEqual(again, { text, usage: { ...usage, cachedTokens: usage.promptTokens - 1 } });
  const messages = [
    ...first.messages,
    { role: "assistant", content: text },
    { role: "user", content: "And?" },
  ] as const;
  frames.count = 0;
  const next = finishOf(await answer(completer, { ...first, messages, maxTokens: 1 }));
  // What a text is as tokens may differ from what was drawn; the first prompt is the same.
  assert.ok(next.usage.cachedTokens >= usage.promptTokens);
  assert.equal(frames.count, Math.ceil((next.usage.promptTokens - next.usage.cachedTokens) / 20));
  const other = finishOf(await answer(completer, { ...first, messages, maxTokens: 1, scope: "b" }));
  assert.deepEqual(other, { ...next, usage: { ...next.usage, cachedTokens: 0 } });
});

test("a client that leaves while its prompt is computed stops the work within one step", async () => {
  const { completer, chain, frames } = await open(1, { rows: 2 });
  const controller = new AbortController();
  const deltas = await start(completer, ask("x ".repeat(100)), controller.signal);
  const reading = (async () => {
    for await (const _ of deltas) assert.fail("no token can be there yet");
  })();
  await until(() => frames.count >= 3);
  controller.abort();
  const before = frames.count;
  await assert.rejects(reading, { name: "AbortError" });
  await steps(10);
  assert.ok(frames.count <= before + 1, `${frames.count - before} frames after the abort`);
  assert.deepEqual(chain.load, { active: 0, waiting: 0 });
});

test("a client that leaves in the middle of an answer stops it within one step, and nobody else's", async () => {
  const { completer, chain, frames } = await open(1);
  const controller = new AbortController();
  const kept = answer(completer, REQUESTS[0]!);
  let tokens = 0;
  const reading = (async () => {
    for await (const _ of await start(completer, ask("y", { seed: 1, maxTokens: 400 }), controller.signal)) {
      if (++tokens === 3) controller.abort();
    }
  })();
  await assert.rejects(reading, { name: "AbortError" });
  assert.equal(tokens, 3);
  const deltas = await kept;
  const before = frames.count;
  await steps(10);
  assert.ok(frames.count <= before + 1);
  assert.deepEqual(chain.load, { active: 0, waiting: 0 });
  assert.deepEqual(deltas, await answer(completer, REQUESTS[0]!));
});

test("the defaults hold four long prompts at once, let 32 requests wait, and refuse the next with 429", async () => {
  const { contextLength, kvPositions, queueLength } = readConfig({});
  assert.deepEqual([contextLength, kvPositions, queueLength], [4_096, 16_384, 32]);
  const limits = { kvPositions, maxSessions: kvPositions, queue: queueLength };
  const { completer, chain } = await open(1, { ...limits, contextLength });
  const controller = new AbortController();
  const begun = [];
  for (let i = 0; i < 4 + 32; i++) begun.push(start(completer, ask("1 ".repeat(1_900)), controller.signal));
  await Promise.all(begun);
  assert.deepEqual(chain.load, { active: 4, waiting: 32 });
  await assert.rejects(start(completer, ask("small", { maxTokens: 1 })), (error: BusyError) => {
    return error instanceof BusyError && error.status === 429 && error.retryAfterSeconds > 0;
  });
  controller.abort();
  assert.deepEqual(chain.load, { active: 0, waiting: 0 });
  assert.equal((await answer(completer, ask("small", { maxTokens: 1 }))).length, 2);
});

/** The text and the usage of an answer. */
function finishOf(deltas: readonly Delta[]) {
  const text = deltas.map((delta) => (delta.kind === "text" ? delta.text : "")).join("");
  const finish = deltas.at(-1)!;
  assert.ok(finish.kind === "finish");
  return { text, usage: finish.usage };
}

/** Lets `count` macrotasks pass. */
async function steps(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setTimeout(resolve, 1));
}

async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await steps(1);
}
