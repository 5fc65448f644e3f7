// freePort(): a server can start where it says.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { freePort } from "../../../scripts/dev/free-port.ts";

test("freePort() gives a port that nobody listens on, and lets go of it", async () => {
  const port = await freePort();
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  assert.notEqual(await freePort(), port);
  server.close();
});
