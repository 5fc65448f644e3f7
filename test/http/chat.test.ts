// POST /v1/chat/completions on a scripted completer: the wire, the unmodified openai client, errors and leaving.

import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI, { APIError, AuthenticationError, BadRequestError, NotFoundError, RateLimitError } from "openai";
import { BusyError, ContextLengthError, UnavailableError } from "../../src/errors.ts";
import { ask, fakeApp, ScriptedCompleter, says } from "../fakes/completer.ts";
import { collect, events, frames } from "../fakes/sse.ts";

const USER = [{ role: "user", content: "hi" }] as const;

function client(app: ReturnType<typeof fakeApp>["app"], options: ConstructorParameters<typeof OpenAI>[0] = {}): OpenAI {
  return new OpenAI({
    apiKey: "key",
    baseURL: "http://edge.test/v1",
    maxRetries: 0,
    fetch: async (input, init) => app.fetch(new Request(input, init)),
    ...options,
  });
}

test("chat() answers whole, when stream is not asked for", async () => {
  const { app } = fakeApp();
  const response = await app.fetch(ask({ model: "tiny" }));
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
  const { id, created, system_fingerprint, ...rest } = (await response.json()) as Record<string, unknown>;
  assert.match(String(id), /^chatcmpl-[0-9a-f]{32}$/);
  assert.ok(Number.isInteger(created));
  assert.match(String(system_fingerprint), /^fp_[0-9a-f]{10}$/);
  assert.deepEqual(rest, {
    object: "chat.completion",
    model: "tiny",
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: "Hello world", refusal: null },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
    usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10, prompt_tokens_details: { cached_tokens: 4 } },
  });
});

test("chat() streams role, content, finish, usage and [DONE], when stream is asked for", async () => {
  const { app } = fakeApp();
  const response = await app.fetch(ask({ stream: true, stream_options: { include_usage: true } }));
  assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
  assert.match(response.headers.get("cache-control") ?? "", /no-cache/);
  const [role, first, second, finish, usage, done, ...more] = (await frames(response)).map((frame) => frame.slice(6));
  assert.equal(done, "[DONE]");
  assert.deepEqual(more, []);
  const parsed = [role, first, second, finish, usage].map((text) => JSON.parse(text!) as Record<string, unknown>);
  assert.deepEqual(
    parsed.slice(0, 4).map(({ choices }) => choices),
    [
      [{ index: 0, delta: { role: "assistant", content: "" }, logprobs: null, finish_reason: null }],
      [{ index: 0, delta: { content: "Hello" }, logprobs: null, finish_reason: null }],
      [{ index: 0, delta: { content: " world" }, logprobs: null, finish_reason: null }],
      [{ index: 0, delta: {}, logprobs: null, finish_reason: "stop" }],
    ],
  );
  assert.deepEqual(parsed[4]?.choices, []);
  assert.equal(new Set(parsed.map((chunk) => `${chunk.id} ${chunk.created} ${chunk.system_fingerprint}`)).size, 1);
});

test("chat() refuses for the edge model a body that only an origin may get", async () => {
  const sent: string[] = [];
  const origin = {
    async complete({ raw }: { raw: string }) {
      sent.push(raw);
      return { response: new Response("{}") };
    },
  };
  const env = { QWEN_EDGE_ORIGINS: { big: { baseUrl: "http://gpu.test/v1" } } };
  const { app } = fakeApp({ origin, env });
  const user = "x".repeat(2 ** 20);
  assert.equal((await app.fetch(ask({ model: "big", user }))).status, 200);
  assert.equal(sent.length, 1);
  assert.equal((await app.fetch(ask({ model: "tiny", user }))).status, 413);
});

test("chat() answers under the name that was asked for, when that is an alias", async () => {
  const edge = new ScriptedCompleter(says("x"));
  const { app } = fakeApp({ edge, env: { QWEN_EDGE_MODEL_ALIASES: "gpt-4o-mini, qwen*" } });
  const models = ["gpt-4o-mini", "qwen-anything", undefined];
  const answers = await Promise.all(models.map(async (model) => (await app.fetch(ask({ model }))).json()));
  assert.deepEqual(
    answers.map((answer) => (answer as { model: string }).model),
    ["gpt-4o-mini", "qwen-anything", "tiny"],
  );
  assert.deepEqual(
    edge.requests.map(({ model }) => model),
    ["gpt-4o-mini", "qwen-anything", "tiny"],
  );
});

test("chat() is read by the openai client, whole and streamed", async () => {
  const openai = client(fakeApp().app);
  const whole = await openai.chat.completions.create({ model: "tiny", messages: [...USER] });
  assert.equal(whole.choices[0]?.message.content, "Hello world");
  assert.equal(whole.usage?.prompt_tokens_details?.cached_tokens, 4);

  const stream = await openai.chat.completions.create({
    model: "tiny",
    messages: [...USER],
    stream: true,
    stream_options: { include_usage: true },
  });
  const texts: string[] = [];
  const reasons: string[] = [];
  let total = 0;
  for await (const { choices, usage } of stream) {
    if (choices[0]?.delta.content) texts.push(choices[0].delta.content);
    if (choices[0]?.finish_reason) reasons.push(choices[0].finish_reason);
    total = usage?.total_tokens ?? total;
  }
  assert.deepEqual({ texts, reasons, total }, { texts: ["Hello", " world"], reasons: ["stop"], total: 10 });

  const final = await openai.chat.completions.stream({ model: "tiny", messages: [...USER] }).finalChatCompletion();
  assert.equal(final.choices[0]?.message.content, "Hello world");
});

test("chat() errors are the openai client's classes", async () => {
  const create = async (edge: ScriptedCompleter, fields: object = {}, env = {}): Promise<unknown> =>
    client(fakeApp({ edge, env }).app).chat.completions.create({ model: "tiny", messages: [...USER], ...fields });
  const idle = new ScriptedCompleter(says("x"));
  await assert.rejects(create(idle, { temperature: 3 }), (error) => {
    assert.ok(error instanceof BadRequestError);
    assert.equal(error.param, "temperature");
    assert.match(error.requestID ?? "", /^req_/);
    return true;
  });
  await assert.rejects(create(idle, { model: "gpt-9" }), NotFoundError);
  await assert.rejects(create(idle, {}, { QWEN_EDGE_API_KEYS: "another" }), AuthenticationError);
  const busy = new ScriptedCompleter([], { rejection: new BusyError("The queue is full; try again later", 1.5) });
  await assert.rejects(create(busy), (error) => {
    assert.ok(error instanceof RateLimitError);
    assert.equal(error.headers.get("retry-after"), "2");
    return true;
  });
  const long = new ScriptedCompleter([], { rejection: new ContextLengthError(4096, 5000) });
  await assert.rejects(create(long), { status: 400, code: "context_length_exceeded", message: /4096.*5000/ });
});

test("chat() is tried again by the openai client, when the model is loading and then ready", async () => {
  const loading = new ScriptedCompleter([], { rejection: new UnavailableError("The model is loading", 0) });
  const ready = new ScriptedCompleter(says("there"));
  let calls = 0;
  const { app } = fakeApp({
    edge: { complete: (request, signal) => (calls++ === 0 ? loading : ready).complete(request, signal) },
  });
  const openai = client(app, { maxRetries: 2 });
  const answer = await openai.chat.completions.create({ model: "tiny", messages: [...USER] });
  assert.equal(answer.choices[0]?.message.content, "there");
});

test("chat() is not tried again by the openai client, when the service has a bug", async () => {
  const edge = new ScriptedCompleter([], { rejection: new TypeError("secret prompt") });
  const { app, log } = fakeApp({ edge });
  const openai = client(app, { maxRetries: 2 });
  await assert.rejects(openai.chat.completions.create({ model: "tiny", messages: [...USER] }), (error) => {
    assert.ok(error instanceof APIError);
    assert.equal(error.status, 500);
    assert.ok(error.message.includes(error.requestID ?? "?"));
    assert.ok(!error.message.includes("secret"));
    return true;
  });
  assert.equal(edge.requests.length, 1);
  assert.equal(log.length, 1);
  assert.match(JSON.stringify(log), /TypeError.*chat\.test\.ts/);
  assert.ok(!JSON.stringify(log).includes("secret"));
});

test("chat() puts an error into the stream, when it comes after the first byte", async () => {
  const steps = [says("Hel")[0]!, { error: new UnavailableError("A stage of the model was lost") }];
  const { app } = fakeApp({ edge: new ScriptedCompleter(steps) });
  const response = await app.fetch(ask({ stream: true }));
  assert.equal(response.status, 200);
  const all = await frames(response);
  assert.deepEqual(JSON.parse(all.at(-1)!.slice(6)), {
    error: { message: "A stage of the model was lost", type: "unavailable_error", param: null, code: null },
  });
  const stream = await client(app).chat.completions.create({ model: "tiny", messages: [...USER], stream: true });
  await assert.rejects(collect(stream), (error) => error instanceof APIError && /stage/.test(error.message));
});

test("chat() answers with the error's status, when it comes before a whole answer is there", async () => {
  const steps = [says("Hel")[0]!, { error: new UnavailableError("A stage of the model was lost", 3) }];
  const response = await fakeApp({ edge: new ScriptedCompleter(steps) }).app.fetch(ask());
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("retry-after"), "3");
});

test("chat() sends keep-alives while the prompt is computed, which the openai client does not see", async () => {
  const edge = new ScriptedCompleter([{ waitMs: 200 }, ...says("late")]);
  const { app } = fakeApp({ edge, env: { QWEN_EDGE_KEEP_ALIVE_MS: "10" } });
  const all = await frames(await app.fetch(ask({ stream: true })));
  assert.ok(all[0]?.startsWith("data: "));
  assert.equal(all[1], ": keep-alive");
  const stream = await client(app).chat.completions.create({ model: "tiny", messages: [...USER], stream: true });
  const texts = (await collect(stream)).map(({ choices }) => choices[0]?.delta.content ?? "");
  assert.equal(texts.join(""), "late");
});

test("chat() aborts the completer, when the reader cancels", async () => {
  const edge = new ScriptedCompleter([...says("a").slice(0, 1), { waitMs: 60_000 }, ...says("never")]);
  const { app, log } = fakeApp({ edge });
  const reader = (await app.fetch(ask({ stream: true }))).body!.getReader();
  await reader.read();
  await reader.read();
  const waiting = reader.read();
  await reader.cancel();
  await edge.aborted;
  assert.equal((await waiting).done, true);
  assert.deepEqual(log, []);
});

test("chat() aborts the completer, when the reader cancels before it has read anything", async () => {
  const edge = new ScriptedCompleter(says("a"));
  const response = await fakeApp({ edge }).app.fetch(ask({ stream: true }));
  await response.body!.cancel();
  await edge.aborted;
});

test("chat() aborts the completer, when the request's signal does, streamed or whole", async () => {
  for (const stream of [true, false]) {
    const edge = new ScriptedCompleter([{ waitMs: 60_000 }, ...says("never")]);
    const { app, log } = fakeApp({ edge });
    const leaving = new AbortController();
    const answered = app.fetch(new Request(ask({ stream }), { signal: leaving.signal }));
    const read = Promise.resolve(answered).then((response) => response.text());
    setTimeout(() => leaving.abort(), 10);
    await edge.aborted;
    await read;
    assert.deepEqual(log, []);
  }
});

test("chat() aborts the completer, when the openai client leaves its loop", async () => {
  const edge = new ScriptedCompleter([...says("a").slice(0, 1), { waitMs: 60_000 }]);
  const openai = client(fakeApp({ edge }).app);
  const stream = await openai.chat.completions.create({ model: "tiny", messages: [...USER], stream: true });
  for await (const { choices } of stream) if (choices[0]?.delta.content === "a") break;
  await edge.aborted;
});

test("chat() holds the completer back, when nobody reads", async () => {
  const edge = new ScriptedCompleter(says(...Array<string>(100).fill("x")));
  const response = await fakeApp({ edge }).app.fetch(ask({ stream: true }));
  const reader = response.body!.getReader();
  await reader.read();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(edge.given <= 2, `${edge.given} deltas were asked for`);
  await reader.cancel();
});

test("chat() gives log-probabilities of the stream and of the whole answer alike", async () => {
  const logprob = { token: "a", bytes: [97], logprob: -0.25, top: [{ token: "a", bytes: [97], logprob: -0.25 }] };
  const finish = says()[0]!;
  const steps = [{ kind: "text", text: "a", logprobs: [logprob] } as const, finish];
  const app = fakeApp({ edge: new ScriptedCompleter(steps) }).app;
  const fields = { logprobs: true, top_logprobs: 1 };
  const whole = (await (await app.fetch(ask(fields))).json()) as { choices: { logprobs: { content: unknown[] } }[] };
  const chunks = await events(await app.fetch(ask({ ...fields, stream: true })));
  const streamed = chunks.flatMap(({ choices }) => (choices as typeof whole.choices)[0]?.logprobs?.content ?? []);
  assert.deepEqual(whole.choices[0]?.logprobs.content, streamed);
  assert.equal(streamed.length, 1);
});
