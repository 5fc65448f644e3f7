// The settings: defaults, what is read, and errors that name the variable and no secret.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig, redacted } from "../src/config.ts";
import { ConfigError } from "../src/errors.ts";

const ORIGIN = { baseUrl: "https://gpu.test/v1/", model: "Qwen/Qwen2.5-7B-Instruct", keySecret: "GPU_KEY" };
const LIMITED = { ...ORIGIN, idleTimeoutMs: 20_000 };

test("readConfig() has the documented defaults, when nothing is set", () => {
  assert.deepEqual(readConfig({ PATH: "/bin", QWEN_EDGE_CONTEXT: "", QWEN_EDGE_QUEUE: undefined }), {
    apiKeys: [],
    contextLength: 4096,
    kvPositions: 16_384,
    kvFormat: "bf16",
    maxTokens: undefined,
    maxSessions: undefined,
    queueLength: 32,
    prefillChunk: undefined,
    maxBodyBytes: 1_048_576,
    maxEdgeBodyBytes: 1_048_576,
    corsOrigins: ["*"],
    keepAliveMs: 10_000,
    modelAliases: [],
    origins: [],
  });
});

test("readConfig() refuses a name that is no setting, but for those of the command line and of an origin's key", () => {
  assert.throws(() => readConfig({ QWEN_EDGE_APIKEYS: "a" }), {
    name: "ConfigError",
    message: "QWEN_EDGE_APIKEYS is not a setting; docs/configuration.md has their names",
  });
  assert.throws(() => readConfig({ QWEN_EDGE_API_KEY: "a" }), /QWEN_EDGE_API_KEY is not a setting/);
  readConfig({ QWEN_EDGE_OLD: "", QWEN_EDGE_SERVICE_HOST: "10.0.0.1", QWEN_EDGE_PORT_8787_TCP_ADDR: "10.0.0.1" });
  const ORIGINS = JSON.stringify({ big: { ...ORIGIN, keySecret: "QWEN_EDGE_GPU_KEY" } });
  const env = { QWEN_EDGE_CACHE: "/tmp", QWEN_EDGE_ORIGINS: ORIGINS, QWEN_EDGE_GPU_KEY: "secret" };
  assert.equal(readConfig(env).origins[0]?.key, "secret");
});

test("readConfig() reads every variable, as text or as Workers' JSON values", () => {
  const env = {
    QWEN_EDGE_API_KEYS: "a, b",
    QWEN_EDGE_CONTEXT: "2048",
    QWEN_EDGE_KV_POSITIONS: 8192,
    QWEN_EDGE_KV: "q8",
    QWEN_EDGE_MAX_TOKENS: "512",
    QWEN_EDGE_MAX_SESSIONS: "4",
    QWEN_EDGE_QUEUE: "0",
    QWEN_EDGE_PREFILL_CHUNK: " 128 ",
    QWEN_EDGE_MAX_BODY_BYTES: "2000000",
    QWEN_EDGE_CORS_ORIGINS: "https://a.test,https://b.test",
    QWEN_EDGE_KEEP_ALIVE_MS: "500",
    QWEN_EDGE_MODEL_ALIASES: "default,gpt-*",
    QWEN_EDGE_ORIGINS: { big: LIMITED },
    GPU_KEY: "secret",
  };
  assert.deepEqual(readConfig(env), {
    apiKeys: ["a", "b"],
    contextLength: 2048,
    kvPositions: 8192,
    kvFormat: "q8",
    maxTokens: 512,
    maxSessions: 4,
    queueLength: 0,
    prefillChunk: 128,
    maxBodyBytes: 2_000_000,
    maxEdgeBodyBytes: 2_000_000,
    corsOrigins: ["https://a.test", "https://b.test"],
    keepAliveMs: 500,
    modelAliases: ["default", "gpt-*"],
    origins: [
      {
        name: "big",
        baseUrl: "https://gpu.test/v1",
        model: "Qwen/Qwen2.5-7B-Instruct",
        key: "secret",
        headersTimeoutMs: 600_000,
        idleTimeoutMs: 20_000,
      },
    ],
  });
  assert.deepEqual(readConfig({ ...env, QWEN_EDGE_ORIGINS: JSON.stringify({ big: LIMITED }) }), readConfig(env));
});

test("readConfig() is frozen through and through", () => {
  const config = readConfig({ QWEN_EDGE_ORIGINS: { big: { baseUrl: "http://gpu.test/v1" } } });
  for (const part of [config, config.apiKeys, config.origins, config.origins[0]]) assert.ok(Object.isFrozen(part));
});

test("readConfig() names the variable and repeats no value, when one is wrong", () => {
  const cases: [env: Record<string, unknown>, says: RegExp][] = [
    [{ QWEN_EDGE_KV: "f16" }, /^QWEN_EDGE_KV is not bf16 or q8$/],
    [{ QWEN_EDGE_CONTEXT: "4k" }, /^QWEN_EDGE_CONTEXT is not an integer from 16 to 131072$/],
    [{ QWEN_EDGE_CONTEXT: "1.5" }, /^QWEN_EDGE_CONTEXT /],
    [{ QWEN_EDGE_CONTEXT: "0" }, /^QWEN_EDGE_CONTEXT /],
    [{ QWEN_EDGE_CONTEXT: true }, /^QWEN_EDGE_CONTEXT /],
    [{ QWEN_EDGE_KV_POSITIONS: "100" }, /^QWEN_EDGE_KV_POSITIONS is 100, but .* 4096 /],
    [{ QWEN_EDGE_QUEUE: "-1" }, /^QWEN_EDGE_QUEUE /],
    [{ QWEN_EDGE_API_KEYS: "hunter2,," }, /^QWEN_EDGE_API_KEYS has an empty value/],
    [{ QWEN_EDGE_API_KEYS: "ok,hunter2 x" }, /^QWEN_EDGE_API_KEYS has a key with a space/],
    [{ QWEN_EDGE_API_KEYS: "hunter2é" }, /^QWEN_EDGE_API_KEYS .* beyond ASCII/],
    [{ QWEN_EDGE_CORS_ORIGINS: "https://a.test/" }, /^QWEN_EDGE_CORS_ORIGINS .* such as https:/],
    [{ QWEN_EDGE_CORS_ORIGINS: "*,https://A.test" }, /^QWEN_EDGE_CORS_ORIGINS .* such as https:/],
    [{ QWEN_EDGE_CORS_ORIGINS: "a.test" }, /^QWEN_EDGE_CORS_ORIGINS .* such as https:/],
    [{ QWEN_EDGE_ORIGINS: { a: ORIGIN }, GPU_KEY: "hunter\n2" }, /^GPU_KEY has a key with a space/],
    [{ QWEN_EDGE_ORIGINS: { a: ORIGIN }, GPU_KEY: "  " }, /^GPU_KEY has a key with a space/],
    [{ QWEN_EDGE_API_KEYS: 5 }, /^QWEN_EDGE_API_KEYS is not a text/],
    [{ QWEN_EDGE_ORIGINS: "{hunter2" }, /^QWEN_EDGE_ORIGINS is not valid JSON$/],
    [{ QWEN_EDGE_ORIGINS: "[]" }, /^QWEN_EDGE_ORIGINS is wrong at its top/],
    [{ QWEN_EDGE_ORIGINS: { a: {} } }, /^QWEN_EDGE_ORIGINS is wrong at a\.baseUrl/],
    [{ QWEN_EDGE_ORIGINS: { a: { ...ORIGIN, key: "hunter2" } } }, /^QWEN_EDGE_ORIGINS is wrong at a/],
    [{ QWEN_EDGE_ORIGINS: { a: { baseUrl: "ftp://gpu.test" } } }, /a\.baseUrl: expected an http/],
    [{ QWEN_EDGE_ORIGINS: { a: { baseUrl: "https://me:hunter2@gpu.test" } } }, /a\.baseUrl: expected an http/],
    [{ QWEN_EDGE_ORIGINS: { a: { baseUrl: "https://gpu.test/?key=hunter2" } } }, /a\.baseUrl: expected an http/],
    [{ QWEN_EDGE_ORIGINS: { a: { ...ORIGIN, headersTimeoutMs: 0 } } }, /^QWEN_EDGE_ORIGINS is wrong at a\.headersTime/],
    [{ QWEN_EDGE_ORIGINS: { a: { ...ORIGIN, idleTimeoutMs: "1" } } }, /^QWEN_EDGE_ORIGINS is wrong at a\.idleTime/],
    [{ QWEN_EDGE_ORIGINS: { a: ORIGIN } }, /^GPU_KEY, the key that QWEN_EDGE_ORIGINS names for a, is not set$/],
    [{ QWEN_EDGE_ORIGINS: { "*a*": { baseUrl: "http://g.test" } } }, /more than one \*/],
    [
      { QWEN_EDGE_MODEL_ALIASES: "a", QWEN_EDGE_ORIGINS: { a: { baseUrl: "http://g.test" } } },
      /^QWEN_EDGE_MODEL_ALIASES/,
    ],
  ];
  for (const [env, says] of cases) {
    assert.throws(
      () => readConfig(env),
      (error) => {
        assert.ok(error instanceof ConfigError, String(error));
        assert.match(error.message, says);
        assert.ok(!error.message.includes("hunter2"), error.message);
        return true;
      },
    );
  }
});

test("redacted() shows the settings without keys and addresses", () => {
  const config = readConfig({ QWEN_EDGE_API_KEYS: "hunter2", QWEN_EDGE_ORIGINS: { big: ORIGIN }, GPU_KEY: "hunter3" });
  const shown = redacted(config);
  assert.equal(shown.contextLength, 4096);
  assert.equal(shown.isKeyRequired, true);
  assert.deepEqual(shown.origins, ["big"]);
  assert.doesNotMatch(JSON.stringify(shown), /hunter|gpu\.test/);
});
