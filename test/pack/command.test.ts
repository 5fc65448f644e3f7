import assert from "node:assert/strict";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { main } from "../../scripts/cli.ts";
import { CONFIG, makeWeights, TINY, temporaryFolder, writeHubFolder } from "./model.ts";

/** Runs the command line; gives its exit code and what it printed. */
async function run(t: TestContext, ...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const log = t.mock.method(console, "log", (line: string) => void out.push(line));
  const error = t.mock.method(console, "error", (line: string) => void err.push(line));
  const code = await main(args);
  log.mock.restore();
  error.mock.restore();
  return { code, out: out.join("\n"), err };
}

test("pack packs with its options and prints the folder last", async (t) => {
  const out = join(temporaryFolder(t), "packed");
  const options = ["--out", out, "--quant", "q4", "--stages", "3", "--tile-rows", "128", "--name", "nonsense"];
  const { code, out: printed, err } = await run(t, "pack", TINY, ...options);
  assert.equal(code, 0);
  assert.match(printed, /^nonsense: q4, 3 stages, 0\.3 MB in .* s\n/);
  assert.equal(printed.split("\n").at(-1), out);
  assert.deepEqual(err, []);
  const inspected = await run(t, "inspect", out);
  assert.equal(inspected.code, 0);
  assert.match(inspected.out, /plan +3 stages, tiles of 128 rows/);
  assert.match(inspected.out, /model\.layers\.1\.mlp\.down_proj\.weight +q4 +128 x 256 +18,432/);
});

test("pack fails with one line on stderr, an exit code and no output", async (t) => {
  const folder = temporaryFolder(t);
  const broken = join(folder, "broken.gguf");
  writeFileSync(broken, "GGUF is not what follows here");
  const cases: [string[], RegExp][] = [
    [[], /Expected one INPUT, found 0; see qwen-edge pack --help/],
    [[TINY, TINY], /Expected one INPUT, found 2/],
    [[TINY, "--bits", "4"], /--bits/],
    [[TINY, "--quant", "q5"], /--quant is "q5"; expected q4 or q8/],
    [[TINY, "--stages", "0"], /--stages is "0"; expected an integer from 1 to 1024/],
    [[TINY, "--stages", "2x"], /--stages is "2x"/],
    [[TINY, "--stages", "900"], /Cannot cut 2 layers and 1 tiles/],
    [[TINY, "--name", ""], /--name is empty/],
    [[broken], /is GGUF version/],
    [[join(folder, "none")], /no such file/],
    [[folder], /has no config.json/],
  ];
  for (const [args, message] of cases) {
    const { code, out, err } = await run(t, "pack", ...args, "--out", join(folder, "out"));
    assert.equal(code, /--help/.test(err[0] ?? "") ? 2 : 1, args.join(" ")); // 2: wrong usage, 1: failed
    assert.equal(out, "");
    assert.equal(err.length, 1);
    assert.match(err[0]!, message);
    assert.ok(!err[0]!.includes("\n"));
  }
  assert.deepEqual(readdirSync(folder), ["broken.gguf"]);
});

test("pack and inspect explain themselves", async (t) => {
  assert.match((await run(t, "pack", "--help")).out, /^Usage: qwen-edge pack INPUT/);
  assert.match((await run(t, "inspect", "--help")).out, /^Usage: qwen-edge inspect PATH/);
});

test("inspect prints what files and folders hold, and fails in one line", async (t) => {
  const gguf = await run(t, "inspect", TINY);
  assert.match(gguf.out, /^model +tiny: GGUF v3, 530,208 bytes\nconfig .*hidden_size 128/);
  assert.match(gguf.out, /tokenizer +1,278 tokens, 22 of them added/);
  assert.match(gguf.out, /model\.embed_tokens\.weight +Q8_0 +1280 x 128 +174,080/);
  const folder = temporaryFolder(t);
  const hub = await run(t, "inspect", writeHubFolder(join(folder, "hub"), CONFIG, makeWeights(CONFIG)));
  assert.match(hub.out, /^model +hub: Hugging Face folder/);

  const out = join(folder, "packed");
  await run(t, "pack", TINY, "--out", out);
  rmSync(join(out, "stage-0-000.bin"));
  for (const args of [[], [out], [join(folder, "none")]]) {
    const { code, err } = await run(t, "inspect", ...args);
    assert.equal(code, args.length === 0 ? 2 : 1);
    assert.equal(err.length, 1);
  }
});
