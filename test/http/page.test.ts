// The playground's files as they are served: which, with what headers, to whom; never anything else of that folder.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeApp } from "../fakes/completer.ts";

const FILES: Readonly<Record<string, string>> = {
  "index.html": "<!doctype html><title>page</title>",
  "favicon.svg": "<svg/>",
  "assets/main-3F2A.js": "main()",
  "assets/style-9B1C.css": "body{}",
  "manifest.json": "secret",
  "assets/notes.txt": "secret",
};

/** An app with a page, the names of the files that were opened, and of those whose reading was called off. */
function pageApp(env: Readonly<Record<string, unknown>> = {}) {
  const opened: string[] = [];
  const cancelled: string[] = [];
  const page = async (path: string) => {
    opened.push(path);
    const text = FILES[path];
    if (text === undefined) return null;
    return new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode(text));
        controller.close();
      },
      cancel: () => void cancelled.push(path),
    });
  };
  const { app } = fakeApp({ env, page });
  const get = async (path: string, init: RequestInit = {}) => app.fetch(new Request(`http://edge.test${path}`, init));
  return { get, opened, cancelled };
}

test("pageFile() serves the page and its files with their types, and no file of another kind", async () => {
  const { get, opened } = pageApp();
  const types: [path: string, type: string, text: string][] = [
    ["/", "text/html; charset=utf-8", "index.html"],
    ["/favicon.svg", "image/svg+xml", "favicon.svg"],
    ["/assets/main-3F2A.js", "text/javascript; charset=utf-8", "assets/main-3F2A.js"],
    ["/assets/style-9B1C.css", "text/css; charset=utf-8", "assets/style-9B1C.css"],
  ];
  for (const [path, type, file] of types) {
    const response = await get(path);
    assert.equal(response.status, 200, path);
    assert.equal(response.headers.get("content-type"), type);
    assert.equal(await response.text(), FILES[file]);
  }
  const known = opened.length;
  const hidden = ["/manifest.json", "/model/manifest.json", "/model/stage-0-000.bin", "/web/index.html", "/index.html"];
  const sly = ["/assets/notes.txt", "/assets/..%2fmanifest.json", "/assets/%2e%2e/manifest.json", "/assets/a/b.js"];
  for (const path of [...hidden, ...sly]) assert.equal((await get(path)).status, 404, path);
  assert.equal(opened.length, known, "a file that is nobody's was looked for");
  assert.equal((await get("/assets/gone-0000.js")).status, 404);
});

test("pageFile() lets hashed files be kept for ever, and the page be asked for anew by its tag", async () => {
  const { get } = pageApp();
  const script = await get("/assets/main-3F2A.js");
  assert.equal(script.headers.get("cache-control"), "public, max-age=31536000, immutable");

  const page = await get("/");
  const etag = page.headers.get("etag") ?? "";
  assert.equal(page.headers.get("cache-control"), "no-cache");
  assert.match(etag, /^"[0-9a-f]{24}"$/);
  for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
    const known = await get("/", { headers: { "if-none-match": tag } });
    assert.equal(known.status, 304, tag);
    assert.equal(known.headers.get("etag"), etag);
    assert.equal(await known.text(), "");
  }
  assert.equal((await get("/", { headers: { "if-none-match": '"other"' } })).status, 200);
});

test("pageFile() sends strict headers: no inline script, no other host, no frame around the page", async () => {
  const { get } = pageApp();
  for (const path of ["/", "/assets/main-3F2A.js"]) {
    const { headers } = await get(path);
    const policy = new Map(
      (headers.get("content-security-policy") ?? "").split("; ").map((rule) => {
        const [name = "", ...sources] = rule.split(" ");
        return [name, sources.join(" ")];
      }),
    );
    for (const [name, sources] of policy) assert.match(sources, /^'(none|self)'$/, name);
    assert.equal(policy.get("default-src"), "'none'");
    for (const name of ["base-uri", "form-action", "frame-ancestors"]) assert.equal(policy.get(name), "'none'", name);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("referrer-policy"), "no-referrer");
    assert.equal(headers.get("cross-origin-opener-policy"), "same-origin");
    assert.equal(headers.get("cross-origin-resource-policy"), "same-origin");
    assert.match(headers.get("permissions-policy") ?? "", /microphone=\(\)/);
  }
});

test("pageFile() asks no key, answers HEAD without a body and refuses other methods", async () => {
  const { get, cancelled } = pageApp({ QWEN_EDGE_API_KEYS: "secret" });
  assert.equal((await get("/")).status, 200);
  assert.equal((await get("/v1/models")).status, 401);
  const head = await get("/", { method: "HEAD" });
  assert.equal(head.status, 200);
  assert.match(head.headers.get("etag") ?? "", /^"/);
  assert.equal(await head.text(), "");
  const script = await get("/assets/main-3F2A.js", { method: "HEAD" });
  assert.equal(script.headers.get("content-type"), "text/javascript; charset=utf-8");
  assert.equal(script.body, null);
  assert.deepEqual(cancelled, ["assets/main-3F2A.js"], "a file that nobody reads stays open");
  const post = await get("/", { method: "POST" });
  assert.equal(post.status, 405);
  assert.equal(post.headers.get("allow"), "GET, HEAD, OPTIONS");
});
