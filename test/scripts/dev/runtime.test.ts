// The command lines of the runtimes: what of this process's environment reaches a server.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { serverCommand } from "../../../scripts/dev/runtime.ts";

function setVariable(t: TestContext, name: string, value: string): void {
  const before = process.env[name];
  process.env[name] = value;
  t.after(() => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  });
}

test("serverCommand() starts Deno beside the client's key, which the server does not get", async (t) => {
  setVariable(t, "QWEN_EDGE_API_KEY", "of-the-client");
  setVariable(t, "QWEN_EDGE_QUEUE", "3");
  setVariable(t, "SECRET_OF_OTHERS", "unseen");
  const place = { folder: "/model", host: "127.0.0.1", port: 8787, stateFolder: "/state" };
  const { args, env } = await serverCommand("deno", place);
  assert.ok(args.includes("--allow-net=127.0.0.1:8787"), args.join(" "));
  assert.equal(env?.QWEN_EDGE_QUEUE, "3");
  assert.equal(env?.QWEN_EDGE_API_KEY, undefined);
  assert.equal(env?.SECRET_OF_OTHERS, undefined);
});
