// One body of checks on both real runtimes, through the real client: what `npm start` serves.
// The answers are also compared between the runtimes, and with Node's: same model, same seed, same ids, same
// log-probabilities.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import OpenAI from "openai";
import { pack } from "../../scripts/pack/pack.ts";
import { TINY, temporaryFolder } from "../pack/model.ts";
import { serveInProcess } from "./in-process.ts";
import { type Runtime, type Started, startServer } from "./started.ts";

const SESSIONS = 3;
/** So long that no answer of a test ends by itself. */
const CONTEXT = 32_768;
const KEYS = ["first-key", "second-key"] as const;
const SETTINGS = {
  QWEN_EDGE_CONTEXT: String(CONTEXT),
  QWEN_EDGE_KV_POSITIONS: String(SESSIONS * CONTEXT),
  QWEN_EDGE_MAX_SESSIONS: String(SESSIONS),
  QWEN_EDGE_QUEUE: "0",
};
const WITH_KEYS = { ...SETTINGS, QWEN_EDGE_API_KEYS: KEYS.join(",") };
const HEADERS = { "content-type": "application/json", authorization: `Bearer ${KEYS[0]}` };

type Params = OpenAI.ChatCompletionCreateParamsNonStreaming;

const QUESTIONS = ["What is the capital of France?", "Write a short Python function.", "中国的首都是哪里？"];
const ask = (content: string, more: Partial<Params> = {}): Params => ({
  model: "tiny",
  messages: [{ role: "user", content }],
  max_tokens: 24,
  seed: 7,
  ...more,
});

/** What the first runtime has answered. */
const answers = new Map<string, unknown>();

function sameEverywhere(what: string, answer: unknown): void {
  if (answers.has(what)) assert.deepEqual(answer, answers.get(what), `${what} differs between the runtimes`);
  else answers.set(what, answer);
}

async function streamed({ client }: Pick<Started, "client">, params: Params) {
  const stream = await client.chat.completions.create({
    ...params,
    stream: true,
    stream_options: { include_usage: true },
  });
  const texts: string[] = [];
  let finish: string | null = null;
  let usage: OpenAI.CompletionUsage | undefined;
  for await (const chunk of stream) {
    const choice = chunk.choices[0];
    if (choice?.delta.content) texts.push(choice.delta.content);
    finish ??= choice?.finish_reason ?? null;
    usage ??= chunk.usage ?? undefined;
  }
  return { texts, finish, usage };
}

const whole = async ({ client }: Started, params: Params): Promise<string> =>
  (await client.chat.completions.create(params)).choices[0]!.message.content!;

/** Opens an answer that would take minutes, and reads its beginning. */
async function occupy({ client }: Started): Promise<AbortController> {
  const leaving = new AbortController();
  const endless = { ...ask("Count", { max_tokens: CONTEXT - 1_000 }), ignore_eos: true, stream: true as const };
  const stream = await client.chat.completions.create(endless, { signal: leaving.signal });
  const chunks = stream[Symbol.asyncIterator](); // left open: a loop's end would leave the server
  for (let text = ""; text === ""; ) text = (await chunks.next()).value?.choices[0]?.delta.content ?? "";
  return leaving;
}

/** The same, asked for as a whole; resolves when the server has begun to show that it works on it. */
async function occupyWhole({ url }: Started): Promise<AbortController> {
  const leaving = new AbortController();
  const body = JSON.stringify({ ...ask("Count", { max_tokens: CONTEXT - 1_000 }), ignore_eos: true });
  const options = { method: "POST", headers: HEADERS, body, signal: leaving.signal };
  await fetch(`${url}/v1/chat/completions`, options); // its headers come with the first line feed
  return leaving;
}

/** With the likeliest of every step: their ids and log-probabilities. */
const LIKELIEST = ask(QUESTIONS[0]!, { logprobs: true, top_logprobs: 5, temperature: 0 });

test("Node computes what the runtimes compare themselves with", async (t) => {
  const folder = join(temporaryFolder(t), "tiny");
  await pack(TINY, { out: folder });
  const client = await serveInProcess(folder, SETTINGS);
  for (const question of QUESTIONS) {
    const { texts, usage } = await streamed({ client }, ask(question));
    sameEverywhere(question, { texts, prompt: usage?.prompt_tokens });
  }
  const { choices } = await client.chat.completions.create(LIKELIEST);
  sameEverywhere("log-probabilities", choices[0]!.logprobs);
});

for (const runtime of ["workerd", "deno"] as const satisfies readonly Runtime[]) {
  test(`npm start serves a model file on ${runtime}`, { timeout: 120_000 }, async (t) => {
    const server = await startServer(runtime, { env: WITH_KEYS, args: ["--model", TINY] });
    t.after(() => server.interrupt());

    await t.test(`the printed curl line streams an answer, on ${runtime}`, async () => {
      const line = server.output().match(/^ {2}(curl .+)$/m)?.[1];
      assert.ok(line, server.output());
      const { stdout } = await promisify(execFile)("sh", [
        "-c",
        line.replace('"stream"', '"max_tokens":4,"stream"').replace("KEY", KEYS[0]),
      ]);
      assert.match(stdout, /^data: \{.+\}\n\n/);
      assert.match(stdout, /data: \[DONE\]\n\n$/);
    });

    await t.test(`a stream comes in pieces and equals the whole answer, on ${runtime}`, async () => {
      for (const question of QUESTIONS) {
        const { texts, finish, usage } = await streamed(server, ask(question));
        assert.ok(texts.length > 1, "one piece only");
        assert.equal(finish, "length");
        assert.equal(usage?.completion_tokens, 24);
        assert.equal(texts.join(""), await whole(server, ask(question)));
        sameEverywhere(question, { texts, prompt: usage?.prompt_tokens });
      }
    });

    await t.test(`what was computed is not computed again, and usage says so in both ways, on ${runtime}`, async () => {
      const known = QUESTIONS[0]!;
      const { usage: streamedUsage } = await streamed(server, ask(known));
      const { usage: wholeUsage } = await server.client.chat.completions.create(ask(known));
      assert.equal(streamedUsage?.prompt_tokens_details?.cached_tokens, streamedUsage!.prompt_tokens - 1);
      assert.deepEqual(wholeUsage, streamedUsage);
    });

    await t.test(`what was computed for one key is not known to another, on ${runtime}`, async () => {
      const cached = async (apiKey: string) => {
        const { usage } = await server.client.withOptions({ apiKey }).chat.completions.create(ask(QUESTIONS[1]!));
        return usage!.prompt_tokens_details!.cached_tokens!;
      };
      const [first, second] = KEYS;
      assert.ok((await cached(first)) > 0);
      assert.equal(await cached(second), 0);
      assert.ok((await cached(first)) > 0);
      assert.ok((await cached(second)) > 0);
    });

    await t.test(`ids and log-probabilities are the same bits wherever they are computed: ${runtime}`, async () => {
      const { choices } = await server.client.chat.completions.create(LIKELIEST);
      assert.equal(choices[0]!.logprobs?.content?.length, 24);
      sameEverywhere("log-probabilities", choices[0]!.logprobs);
    });

    await t.test(`three at once get what each gets alone, on ${runtime}`, async () => {
      const alone: string[] = [];
      for (const question of QUESTIONS) alone.push(await whole(server, ask(question)));
      const together = await Promise.all(QUESTIONS.map((question) => streamed(server, ask(question))));
      assert.deepEqual(
        together.map(({ texts }) => texts.join("")),
        alone,
      );
    });

    await t.test(`text tools know the model's tokens, on ${runtime}`, async () => {
      const post = async (path: string, body: unknown) =>
        (await fetch(`${server.url}${path}`, { method: "POST", body: JSON.stringify(body), headers: HEADERS })).json();
      const { tokens } = (await post("/tokenize", { content: "你好 <|im_end|>" })) as { tokens: number[] };
      assert.deepEqual(await post("/detokenize", { tokens }), { content: "你好 <|im_end|>" });
      sameEverywhere("tokens", tokens);
      sameEverywhere("prompt", await post("/apply-template", { messages: [{ role: "user", content: "Hi" }] }));
      const wrong = (await post("/detokenize", { tokens: [999_999] })) as { error: { param: string } };
      assert.equal(wrong.error.param, "tokens");
    });

    await t.test(`models are listed, others and unknown paths are 404, on ${runtime}`, async () => {
      const models = (await server.client.models.list()).data.map(({ id }) => id);
      assert.deepEqual(models, ["tiny"]);
      await assert.rejects(whole(server, { ...ask("Hi"), model: "gpt-9" }), OpenAI.NotFoundError);
      for (const path of ["/stage-0-000.bin", "/model/stage-0-000.bin", "/assets/..%2f..%2fmodel%2fmanifest.json"]) {
        const weights = await fetch(`${server.url}${path}`);
        assert.equal(weights.status, 404, path);
        assert.equal(((await weights.json()) as { error: { type: string } }).error.type, "invalid_request_error");
      }
    });

    await t.test(
      `the page and all that it names are served, compressed and with their headers, on ${runtime}`,
      async () => {
        const page = await fetch(server.url);
        assert.equal(page.status, 200);
        assert.match(page.headers.get("content-security-policy") ?? "", /script-src 'self'/);
        const again = await fetch(server.url, { headers: { "if-none-match": page.headers.get("etag")! } });
        assert.equal(again.status, 304);
        const files = [...(await page.text()).matchAll(/"\.\/(assets\/[^"]+)"/g)].map(([, path]) => path);
        assert.ok(files.length >= 2, "a script and a style");
        for (const file of files) {
          const response = await fetch(`${server.url}/${file}`);
          assert.equal(response.status, 200, file);
          assert.match(response.headers.get("cache-control") ?? "", /immutable/);
          assert.match(response.headers.get("content-encoding") ?? "", /^(gzip|br)$/);
          assert.equal(response.headers.get("x-content-type-options"), "nosniff");
        }
      },
    );

    await t.test(`a wrong request keeps its error on the way from the engine, on ${runtime}`, async () => {
      const long = ask("a ".repeat(CONTEXT));
      await assert.rejects(whole(server, long), (error: unknown) => {
        assert.ok(error instanceof OpenAI.BadRequestError);
        assert.equal(error.code, "context_length_exceeded");
        assert.match(error.message, /32768/);
        return true;
      });
    });

    await t.test(`clients that leave free their places, on ${runtime}`, async () => {
      const leaving = await Promise.all([occupyWhole(server), occupyWhole(server), occupy(server)]);
      assert.equal(leaving.length, SESSIONS);
      await assert.rejects(whole(server, ask("Hi")), OpenAI.RateLimitError);
      for (const client of leaving) client.abort();
      let answer: string | undefined;
      for (let tries = 0; answer === undefined && tries < 50; tries++) {
        await sleep(100);
        answer = await whole(server, ask(QUESTIONS[0]!)).catch((error: unknown) => {
          if (error instanceof OpenAI.RateLimitError) return undefined;
          throw error;
        });
      }
      assert.equal(answer, await whole(server, ask(QUESTIONS[0]!)));
    });

    if (runtime === "workerd") {
      await t.test("weights outlive an idle object, on workerd", async () => {
        const before = await whole(server, ask(QUESTIONS[1]!));
        await sleep(15_000); // workerd throws an idle object away after ten seconds
        // Loading takes several turns, and a question that comes meanwhile is told so.
        const health = await fetch(`${server.url}/health`);
        assert.equal(health.status, 200, "the model was loaded again");
        assert.equal(await whole(server, ask(QUESTIONS[1]!)), before);
      });
    }

    await t.test(`Ctrl-C leaves no process, on ${runtime}`, async () => {
      assert.notDeepEqual(server.processes(), [], "the mark finds nothing even while the server runs");
      await server.interrupt();
      assert.deepEqual(server.processes() ?? [], []);
      await assert.rejects(fetch(`${server.url}/health`));
    });
  });
}

test("npm start --stages 3 answers as one stage does, on deno", { timeout: 60_000 }, async (t) => {
  const server = await startServer("deno", { env: SETTINGS, args: ["--model", TINY, "--stages", "3"] });
  t.after(() => server.interrupt());
  const { texts, usage } = await streamed(server, ask(QUESTIONS[0]!));
  sameEverywhere(QUESTIONS[0]!, { texts, prompt: usage?.prompt_tokens });
});

for (const runtime of ["workerd", "deno"] as const) {
  test(`npm start alone answers in sentences, on ${runtime}`, { timeout: 60_000 }, async (t) => {
    const server = await startServer(runtime);
    t.after(() => server.interrupt());
    const params = (content: string) => ({ ...ask(content), model: "pocket", max_tokens: 100, temperature: 0 });
    const english = await streamed(server, params("What is qwen-edge?"));
    assert.match(english.texts.join(""), /chat service/);
    assert.equal(english.finish, "stop");
    assert.match(await whole(server, params("qwen-edge 是什么？")), /聊天服务/);
  });
}

test("npm start leaves no process when npm alone is asked to end", { timeout: 60_000 }, async (t) => {
  const server = await startServer("deno");
  t.after(() => server.interrupt());
  await server.terminate();
  assert.deepEqual(server.processes() ?? [], []);
});
