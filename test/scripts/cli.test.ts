import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort } from "../../scripts/dev/free-port.ts";

const CLI = fileURLToPath(new URL("../../scripts/cli.js", import.meta.url));

function qwenEdge(args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    env: { ...process.env, QWEN_EDGE_API_KEY: "", QWEN_EDGE_API_KEYS: "", ...env },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

test("qwen-edge --help lists the commands", () => {
  const { status, stdout } = qwenEdge(["--help"]);
  assert.equal(status, 0);
  for (const command of ["dev", "chat", "pack", "inspect", "eval"])
    assert.match(stdout, new RegExp(`^ +${command} `, "m"));
});

test("qwen-edge COMMAND --help tells its options", () => {
  for (const [command, option] of [
    ["dev", "--port"],
    ["chat", "--url"],
    ["pack", "--quant"],
  ] as const) {
    const { status, stdout } = qwenEdge([command, "--help"]);
    assert.equal(status, 0, command);
    assert.ok(stdout.includes(option), command);
  }
});

/** What goes wrong before anything is started, with the one line that says so. */
const MISTAKES: readonly { args: string[]; env?: Record<string, string>; status: number; line: RegExp }[] = [
  { args: ["constructor"], status: 2, line: /^Unknown command "constructor"; there are: dev, / },
  { args: ["dev", "--prot", "1"], status: 2, line: /^Unknown option '--prot'.*qwen-edge dev --help$/ },
  { args: ["dev", "--port", "1e3"], status: 2, line: /^--port is "1e3"; expected an integer from 1 to 65535/ },
  { args: ["dev", "--runtime", "bun"], status: 2, line: /^--runtime is "bun"; expected workerd or deno/ },
  { args: ["dev", "--model", "no-such"], status: 1, line: /^No model no-such is here: .*\bpocket\b/ },
  { args: ["dev"], env: { QWEN_EDGE_QUEUE: "many" }, status: 1, line: /^QWEN_EDGE_QUEUE is not an integer/ },
  { args: ["inspect", "--all", "x"], status: 2, line: /^Unknown option '--all'.*qwen-edge inspect --help$/ },
  { args: ["chat", "--url", "http://127.0.0.1:9"], status: 1, line: /^No server answers at .*npm start/ },
];

for (const { args, env, status, line } of MISTAKES) {
  test(`qwen-edge fails with one clear line: ${args.join(" ")}${env ? ` with ${Object.keys(env)}` : ""}`, () => {
    const result = qwenEdge(args, { QWEN_EDGE_CACHE: "/nonexistent", ...env });
    assert.equal(result.status, status);
    assert.equal(result.stdout, "");
    const lines = result.stderr.trimEnd().split("\n");
    assert.equal(lines.length, 1, result.stderr);
    assert.match(lines[0]!, line);
  });
}

test("qwen-edge dev says that a port is taken", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const { status, stderr } = qwenEdge(["dev", "--port", String(port)]);
  server.close();
  assert.equal(status, 1);
  assert.equal(stderr, `Port ${port} on 127.0.0.1 is taken; choose another with --port\n`);
});

for (const { keys, warnings } of [
  { keys: "", warnings: 1 },
  { keys: "for-the-server", warnings: 0 },
]) {
  test(`qwen-edge dev ${keys ? "does not warn" : "warns"} of the client's key beside ${keys ? "a" : "no"} key of the server`, () => {
    const env = { QWEN_EDGE_API_KEY: "of-the-client", QWEN_EDGE_API_KEYS: keys };
    const { status, stderr } = qwenEdge(["dev", "--model", "no-such"], env);
    assert.equal(status, 1);
    const lines = stderr.trimEnd().split("\n");
    const found = lines.filter((line) => /^Warning: QWEN_EDGE_API_KEY .*QWEN_EDGE_API_KEYS/.test(line));
    assert.equal(found.length, warnings, stderr);
    assert.equal(lines.length, warnings + 1, stderr);
    assert.ok(!stderr.includes("of-the-client") && !stderr.includes("for-the-server"), stderr);
  });
}

test("qwen-edge dev ends with code 0 when it is told to while it starts", async (t) => {
  const cache = mkdtempSync(join(tmpdir(), "qwen-edge-"));
  t.after(() => rmSync(cache, { recursive: true }));
  const env = { ...process.env, QWEN_EDGE_CACHE: cache };
  const child = spawn(process.execPath, [CLI, "dev", "--port", String(await freePort())], { stdio: "pipe", env });
  let printed = "";
  // Where the first question waits for the answer, on a busy machine, nobody says that it starts.
  await new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        printed += text;
        if (/Starting| is ready /.test(printed)) resolve();
      });
    }
  });
  assert.equal(child.exitCode, null, printed);
  child.kill("SIGTERM");
  const [code, signal] = await once(child, "exit");
  assert.deepEqual([code, signal], [0, null]);
});
