// The snippets run as they are copied: each asks a small server, which must get the same request from all of them.

import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { test } from "node:test";
import { DEFAULT_SETTINGS, toBody } from "../../src/web/settings.ts";
import { asCurl, asJavaScript, asPython } from "../../src/web/snippets.ts";
import { events, finishChunk, serve, textChunk, USAGE_CHUNK } from "./server.ts";

const NASTY = `it's "$HOME" \`id\` $(id) \\ \\n !! %s\nJSON\nEOF\n'''\n\u2028 \0 你好 😀 </script>`;
const BODY = toBody({ ...DEFAULT_SETTINGS, temperature: 0.5, stop: ["'", "\n"] }, [
  { role: "system", content: "Be brief" },
  { role: "user", content: NASTY },
]);
const KEY = "sk-secret";

const hasCommand = (command: string) => spawnSync(command, ["--version"]).status === 0;
const NODE = process.execPath;
const SNIPPETS = [
  { name: "asCurl()", make: asCurl, needs: "curl", command: "sh", flags: ["-c"] },
  { name: "asJavaScript()", make: asJavaScript, needs: NODE, command: NODE, flags: ["--input-type=module", "-e"] },
  { name: "asPython()", make: asPython, needs: "python3", command: "python3", flags: ["-c"] },
];

/** What a command prints; rejects when it fails. */
function run(command: string, args: readonly string[], key: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, QWEN_EDGE_API_KEY: key };
    execFile(command, args, { env, timeout: 20_000 }, (error, out, err) =>
      error ? reject(new Error(err, { cause: error })) : resolve(out),
    );
  });
}

for (const { name, make, command, flags, needs } of SNIPPETS) {
  const skip = hasCommand(needs) ? false : `no ${needs} here`;
  test(`${name} runs as copied, with and without a key`, { skip }, async (t) => {
    const asked: { body: unknown; key: string | undefined; type: string | undefined }[] = [];
    const base = await serve(t, (request, response, body) => {
      const { authorization, "content-type": type } = request.headers;
      asked.push({ body: JSON.parse(body), key: authorization, type });
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(`: hi\n\n${events(textChunk("Hel"), textChunk("lo 你"), finishChunk(), USAGE_CHUNK, "[DONE]")}`);
    });
    for (const apiKey of ["", KEY]) {
      const snippet = make({ base, apiKey }, BODY);
      assert.ok(!snippet.includes(KEY), "the key is written out");
      assert.equal(snippet.includes("QWEN_EDGE_API_KEY"), apiKey !== "");
      const out = await run(command, [...flags, snippet], KEY);
      assert.ok(name === "asCurl()" ? out.endsWith("data: [DONE]\n\n") : out === "Hello 你\n", out);
    }
    const common = { body: JSON.parse(JSON.stringify(BODY)), type: "application/json" };
    assert.deepEqual(asked, [
      { ...common, key: undefined },
      { ...common, key: `Bearer ${KEY}` },
    ]);
  });

  test(`${name} shows the server's error`, { skip }, async (t) => {
    const base = await serve(t, (_, response) => response.writeHead(401).end('{"error":{"message":"No key"}}'));
    const said = await run(command, [...flags, make({ base, apiKey: "" }, BODY)], "").catch(
      (error: Error) => error.message,
    );
    assert.match(said, /No key/);
  });
}
