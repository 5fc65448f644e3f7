// highlight() on elements: what is complete and of a known language gets its colours, once.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { launch, openPage, skip } from "./browser.ts";
import { serveModule } from "./module.ts";

const browser = skip ? undefined : await launch();
after(() => browser?.close());

test("highlight() colours complete code of known languages, and changes no text", { skip }, async (t) => {
  const page = await openPage(t, browser!, await serveModule(t, "src/web/highlight.ts"));
  await page.waitForFunction(() => "it" in globalThis);
  const seen = await page.evaluate(async () => {
    const { it } = globalThis as unknown as { it: typeof import("../../src/web/highlight.ts") };
    const main = document.querySelector("main")!;
    const code = 'const a = "&lt;b&gt;";';
    const block = (language: string, open = "") =>
      `<pre${open}><code class="language-${language}">${code}</code></pre>`;
    main.innerHTML = block("js") + block("klingon") + block("js", ' class="open"');
    const text = main.textContent;
    await Promise.all([it.highlight(main), it.highlight(main)]);
    const once = main.innerHTML;
    await it.highlight(main);
    const spans = [...main.querySelectorAll("pre")].map((pre) => pre.querySelectorAll(".hljs-keyword").length);
    return { spans, isSameText: main.textContent === text, isOnce: main.innerHTML === once };
  });
  assert.deepEqual(seen, { spans: [1, 0, 0], isSameText: true, isOnce: true });
});
