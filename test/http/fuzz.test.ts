// No body by itself causes a 5xx: seeded mutations of good bodies, as values and as bytes, on every POST route.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeApp, post } from "../fakes/completer.ts";
import { seeded } from "../fakes/random.ts";

const PATHS = ["/v1/chat/completions", "/tokenize", "/detokenize", "/apply-template"];

const SEED_BODY = {
  model: "tiny",
  messages: [
    { role: "system", content: "s" },
    { role: "user", content: [{ type: "text", text: "hi" }] },
    { role: "assistant", content: null, tool_calls: null },
  ],
  content: "hello",
  tokens: [1, 2, 3],
  add_special: true,
  temperature: 1,
  top_k: 5,
  top_p: 0.5,
  seed: 1,
  stop: ["a"],
  stop_token_ids: [1],
  logit_bias: { "1": 1 },
  logprobs: true,
  top_logprobs: 1,
  max_tokens: 5,
  stream: true,
  stream_options: { include_usage: true },
  response_format: { type: "text" },
  tools: null,
};

const HOSTILE: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e308,
  2 ** 31,
  2 ** 53,
  "",
  "\ud800",
  "constructor",
  "x".repeat(2000),
  [],
  {},
  [null],
  [[[[[[]]]]]],
  { length: 5 },
  JSON.parse('{"toString": 5, "valueOf": null, "then": 1}'),
  JSON.parse('{"__proto__": {"role": "user", "stream": true}}'),
  { constructor: { prototype: { stream: true } } },
];

/** Integers below what is asked, the same every time. */
function integers(seed: number): (below: number) => number {
  const random = seeded(seed);
  return (below) => Math.floor(random() * below);
}

/** `value` with one thing somewhere in it replaced, removed or renamed. */
function mutate(value: unknown, random: (below: number) => number): unknown {
  const isContainer = typeof value === "object" && value !== null;
  if (!isContainer || random(6) === 0) return HOSTILE[random(HOSTILE.length)];
  const entries = Object.entries(value);
  if (entries.length === 0) return HOSTILE[random(HOSTILE.length)];
  const at = random(entries.length);
  const [key, inner] = entries[at]!;
  const action = random(10);
  if (action === 0) entries.splice(at, 1);
  else if (action === 1) entries[at] = [["__proto__", "length", "0", "", "then"][random(5)]!, inner];
  else entries[at] = [key, mutate(inner, random)];
  if (Array.isArray(value)) return entries.map(([, element]) => element);
  const copy = Object.create(null) as Record<string, unknown>;
  for (const [name, element] of entries) copy[name] = element;
  return copy;
}

/** Sends the body everywhere; gives how many of the answers were a 200. */
async function send(body: string): Promise<number> {
  const { app, log } = fakeApp();
  let accepted = 0;
  for (const path of PATHS) {
    const response = await app.fetch(post(path, body));
    const text = await response.text();
    assert.ok(response.status < 500, `${response.status} for ${path} ${JSON.stringify(body.slice(0, 300))}`);
    assert.ok(!text.includes('"internal_error"'), body.slice(0, 300));
    if (response.status === 200) accepted++;
    else assert.equal(typeof JSON.parse(text).error.message, "string");
  }
  assert.deepEqual(log, []);
  return accepted;
}

test("no mutated value causes a 5xx or reaches a prototype", async () => {
  const random = integers(1);
  let accepted = 0;
  for (let round = 0; round < 1000; round++) {
    let body: unknown = SEED_BODY;
    for (let times = 1 + random(4); times > 0; times--) body = mutate(body, random);
    accepted += await send(JSON.stringify(body));
  }
  for (const name of ["role", "stream"]) assert.equal(Object.hasOwn(Object.prototype, name), false);
  // Else the mutations would all stop at the first check.
  assert.ok(accepted > 400 && accepted < 3600, `${accepted} of 4000 were accepted`);
});

test("no mutated text causes a 5xx", async () => {
  const random = integers(2);
  const good = JSON.stringify(SEED_BODY);
  const junk = ["", '"', "{", "[", "\\", ",", ":", "1e999", "\u0000", "\\ud800", "-", "nul", "\ufeff"];
  for (let round = 0; round < 500; round++) {
    const at = random(good.length);
    await send(good.slice(0, at) + junk[random(junk.length)] + good.slice(at + random(4)));
  }
});
