import assert from "node:assert/strict";
import { test } from "node:test";
import { ProgressLine } from "../../scripts/progress.ts";

function makeLine(isTTY: boolean) {
  let written = "";
  const write = (text: string) => {
    written += text;
  };
  const line = new ProgressLine({ isTTY, write } as unknown as NodeJS.WriteStream);
  const take = () => {
    const text = written;
    written = "";
    return text;
  };
  return { line, take };
}

test("ProgressLine draws a bar on a terminal, over itself, and takes it away", () => {
  const { line, take } = makeLine(true);
  line.show("packing", 0.5);
  assert.equal(take(), `\r\x1b[Kpacking   ${"█".repeat(12)}${"░".repeat(12)}  50 %`);
  line.show("packing", 0.501);
  assert.equal(take(), "", "nothing that can be seen has changed");
  line.show("packing", 1);
  assert.equal(take(), `\r\x1b[Kpacking   ${"█".repeat(24)} 100 %`);
  line.print("a note");
  assert.equal(take(), "\r\x1b[Ka note\n");
  line.clear();
  assert.equal(take(), "");
});

test("ProgressLine prints one line a task elsewhere, so that a log stays readable", () => {
  const { line, take } = makeLine(false);
  for (const share of [0, 0.2, 1]) line.show("packing", share);
  line.show("loading", 0);
  line.clear();
  assert.equal(take(), "packing …\nloading …\n");
});
