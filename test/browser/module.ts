// A module of the playground on an empty page, for tests of what needs a real browser and no view.
// Takes a module's path; serves a page on which it is `globalThis.it`. Must not know: what the module does.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { build } from "esbuild";

/** The page's address, served until the test ends. */
export async function serveModule(t: TestContext, path: string): Promise<string> {
  const contents = `import * as it from ${JSON.stringify(`./${path}`)}; globalThis.it = it;`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: "." },
    bundle: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  const script = outputFiles[0]!.text;
  const server = createServer(({ url }, response) => {
    const isScript = url === "/it.js";
    response.writeHead(200, {
      "content-type": isScript ? "text/javascript" : "text/html; charset=utf-8",
      "content-security-policy": "default-src 'self'",
    });
    response.end(
      isScript
        ? script
        : '<!doctype html><link rel="icon" href="/it.js"><script src="/it.js" type="module"></script><main></main>',
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
