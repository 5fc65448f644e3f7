// Which model runs where.

import assert from "node:assert/strict";
import { test } from "node:test";
import { UnknownModelError } from "../../src/errors.ts";
import { choose, findOrigin, type Origin } from "../../src/origin/choose.ts";

function origin(name: string): Origin {
  const limits = { headersTimeoutMs: 1000, idleTimeoutMs: 1000 };
  return { name, baseUrl: `https://${name.length}.test/v1`, model: undefined, key: undefined, ...limits };
}

const ORIGINS = [origin("qwen2.5-*-instruct"), origin("qwen2.5-7b-instruct"), origin("qwen2.5-*")];
const TABLE = { edge: "qwen2.5-0.5b-instruct", aliases: ["default", "gpt-*"], origins: ORIGINS };

test("choose() takes the edge model for its name, its aliases and no name", () => {
  for (const model of [undefined, "", "qwen2.5-0.5b-instruct"]) {
    assert.deepEqual(choose(model, TABLE), { where: "edge", model: "qwen2.5-0.5b-instruct" });
  }
  for (const model of ["default", "gpt-4o", "gpt-"]) assert.deepEqual(choose(model, TABLE), { where: "edge", model });
});

test("choose() takes an origin for its name or pattern", () => {
  for (const model of ["qwen2.5-7b-instruct", "qwen2.5-72b-instruct", "qwen2.5-72b"]) {
    assert.deepEqual(choose(model, TABLE), { where: "origin", model });
  }
});

test("choose() prefers an exact name of an origin to a pattern of the edge", () => {
  const table = { ...TABLE, aliases: ["*"] };
  assert.equal(choose("qwen2.5-7b-instruct", table).where, "origin");
  assert.equal(choose("anything", table).where, "edge");
});

test("choose() takes the longer of two patterns that fit, of equals the edge's", () => {
  const table = { ...TABLE, aliases: ["gpt-*"], origins: [origin("*"), origin("gpt-oss-*")] };
  assert.equal(choose("gpt-4o", table).where, "edge");
  assert.equal(choose("gpt-oss-20b", table).where, "origin");
  assert.equal(choose("llama", table).where, "origin");
  assert.equal(choose("llama", { ...table, aliases: ["*"] }).where, "edge");
});

test("choose() throws without telling what is configured, when nothing fits", () => {
  for (const model of ["gpt", "qwen2", "Default", "__proto__", "qwen2.5-0.5b-instruct "]) {
    const table = { ...TABLE, origins: ORIGINS.slice(1, 2) };
    assert.throws(
      () => choose(model, table),
      (error) => error instanceof UnknownModelError && !/qwen|\.test/.test(error.message),
    );
  }
});

test("choose() leaves what is nobody's to an edge model without a name, which can say why it has none", () => {
  const table = { ...TABLE, edge: null };
  assert.deepEqual(choose(undefined, table), { where: "edge", model: "unknown" });
  assert.deepEqual(choose("pocket", table), { where: "edge", model: "pocket" });
  assert.equal(choose("qwen2.5-7b-instruct", table).where, "origin");
});

test("findOrigin() prefers the exact name, then the longest pattern, whose two ends may not overlap", () => {
  assert.equal(findOrigin("qwen2.5-7b-instruct", ORIGINS)?.name, "qwen2.5-7b-instruct");
  assert.equal(findOrigin("qwen2.5-3b-instruct", ORIGINS)?.name, "qwen2.5-*-instruct");
  assert.equal(findOrigin("qwen2.5-instruct", ORIGINS)?.name, "qwen2.5-*");
  assert.equal(findOrigin("qwen2.5-3b-instruct", ORIGINS.toReversed())?.name, "qwen2.5-*-instruct");
  assert.equal(findOrigin("llama", ORIGINS), undefined);
});
