// The server's process group ends with whoever started it, even when that one is killed.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const SERVER = new URL("../../../scripts/dev/server.ts", import.meta.url).href;
/** A server that starts a process of its own, and tells its group. */
const STARTER = `
  import { Server } from ${JSON.stringify(SERVER)};
  const server = new Server({ file: "/bin/sh", args: ["-c", "echo $$; sleep 60 & wait"], env: {} });
  server.onLine = (line) => console.log(line);
`;

test("Server leaves no process, when its starter is killed", async (t) => {
  const starter = spawn(process.execPath, ["--input-type=module", "-e", STARTER], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => starter.kill("SIGKILL"));
  const [line] = (await once(starter.stdout, "data")) as [Buffer];
  const group = Number(line.toString());
  assert.ok(hasProcesses(group));
  starter.kill("SIGKILL");
  for (let tries = 0; tries < 50 && hasProcesses(group); tries++) await sleep(50);
  assert.ok(!hasProcesses(group));
});

function hasProcesses(group: number): boolean {
  try {
    return process.kill(-group, 0);
  } catch {
    return false;
  }
}
