// The page as it is bundled: what a first visit costs, and that the highlighter is not part of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bundlePage, wireSize } from "../../scripts/web.ts";

const MOST_BYTES = 100_000;

test("bundlePage() makes scripts below 100 kB over the wire, the highlighter in a chunk that comes later", async () => {
  const files = await bundlePage();
  const { gzip, brotli } = wireSize(files);
  assert.ok(gzip <= MOST_BYTES && brotli <= MOST_BYTES, `${gzip} bytes by gzip, ${brotli} by brotli`);
  const withHighlighter = files.filter(({ bytes }) => new TextDecoder().decode(bytes).includes("registerLanguage"));
  assert.deepEqual(
    withHighlighter.map(({ isLazy }) => isLazy),
    [true],
  );
});

test("bundlePage() names every script and style by its content, in a page without inline code", async () => {
  const files = await bundlePage();
  const page = new TextDecoder().decode(files.find(({ path }) => path === "index.html")?.bytes);
  for (const { path } of files) {
    const isNamed = /^assets\/[A-Za-z0-9_-]+-[A-Z0-9]{8}\.(js|css)$/.test(path);
    assert.ok(isNamed || path === "index.html" || path === "favicon.svg", path);
  }
  assert.doesNotMatch(page, /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|https?:\/\//i);
  const named = [...page.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, path]) => path);
  assert.ok(named.length >= 3, "a script, a style and an icon");
  for (const path of named)
    assert.ok(
      files.some((file) => file.path === path),
      `${path} is not built`,
    );
});
