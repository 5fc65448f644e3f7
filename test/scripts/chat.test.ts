// The terminal chat, driven through a pipe, against a server that answers from a script.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("../../scripts/cli.js", import.meta.url));

interface Asked {
  readonly messages: { role: string; content: string }[];
  readonly model?: string;
}

type Answer = (asked: Asked, response: ServerResponse) => void;

const event = (data: object) => `data: ${JSON.stringify(data)}\n\n`;
const piece = (content: string) => event({ choices: [{ delta: { content } }] });

/** Streams `text` in two pieces; the packets end inside of an event. */
function stream(response: ServerResponse, text: string): void {
  const half = Math.floor(text.length / 2);
  const bytes = Buffer.from(
    `: keep-alive\n\n${piece(text.slice(0, half))}${piece(text.slice(half))}` +
      `${event({ choices: [], usage: { completion_tokens: 5 } })}data: [DONE]\n\n`,
  );
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(bytes.subarray(0, 60));
  setTimeout(() => response.end(bytes.subarray(60)), 20);
}

async function serve(t: TestContext, answer: Answer): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === "/health") {
      response.end(JSON.stringify({ status: "ok", model: { name: "scripted" } }));
      return;
    }
    let body = "";
    for await (const bytes of request) body += bytes;
    asked.push(JSON.parse(body));
    answer(asked.at(-1)!, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`, asked };
}

function chat(args: readonly string[]) {
  const child = spawn(process.execPath, [CLI, "chat", ...args], { stdio: "pipe" });
  const out = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      out[name] += text;
    });
  }
  const closed = once(child, "close").then(([status]) => ({ status: status as number, ...out }));
  return { child, out, closed };
}

test("chat answers the lines of a pipe as one conversation", async (t) => {
  const { url, asked } = await serve(t, ({ messages }, response) => stream(response, `«${messages.at(-1)!.content}»`));
  const { child, closed } = chat(["--url", `${url}/v1`, "--system", "Be brief", "--model", "m"]);
  child.stdin.end("Grüße 你好\n\n  second  \n");
  const { status, stdout, stderr } = await closed;
  assert.equal(status, 0, stderr);
  assert.match(stdout, /«Grüße 你好»/);
  assert.match(stdout, /«second»\n5 tokens, [\d.]+ tokens\/s/);
  assert.deepEqual(asked[1], {
    model: "m",
    messages: [
      { role: "system", content: "Be brief" },
      { role: "user", content: "Grüße 你好" },
      { role: "assistant", content: "«Grüße 你好»" },
      { role: "user", content: "second" },
    ],
    stream: true,
    stream_options: { include_usage: true },
  });
});

test("chat tells why a question was refused, forgets it and goes on", async (t) => {
  const { url, asked } = await serve(t, ({ messages }, response) => {
    if (messages.at(-1)!.content !== "too long") return stream(response, "fine");
    response.writeHead(400).end(JSON.stringify({ error: { message: "The context holds 8 tokens" } }));
  });
  const { child, closed } = chat(["--url", url]);
  child.stdin.end("too long\nshort\n");
  const { status, stdout, stderr } = await closed;
  assert.equal(status, 1);
  assert.equal(stderr, "The context holds 8 tokens\n");
  assert.match(stdout, /fine/);
  assert.deepEqual(asked[1]?.messages, [{ role: "user", content: "short" }]);
});

test("Ctrl-C stops an answer and keeps what came; with none it leaves", async (t) => {
  let hasLeft: Promise<unknown> | undefined;
  const { url, asked } = await serve(t, ({ messages }, response) => {
    if (messages.length > 1) return stream(response, "done");
    response.writeHead(200).write(piece("begun"));
    hasLeft = once(response, "close");
  });
  const { child, out, closed } = chat(["--url", url]);
  const saying = async (text: RegExp) => {
    while (!text.test(out.stdout)) await once(child.stdout, "data");
  };
  child.stdin.write("go\n");
  await saying(/begun/);
  child.kill("SIGINT");
  await hasLeft;
  child.stdin.write("again\n");
  await saying(/done\n5 tokens/);
  child.kill("SIGINT");
  const { status } = await closed;
  assert.equal(status, 0);
  assert.deepEqual(asked[1]?.messages, [
    { role: "user", content: "go" },
    { role: "assistant", content: "begun" },
    { role: "user", content: "again" },
  ]);
});
