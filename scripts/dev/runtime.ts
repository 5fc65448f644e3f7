// The two runtimes as command lines: how each is started over a packed folder and the built page.
// Takes the folder and the address; gives a ServerCommand. Owns what each runtime may see: of this process's environment
// only the settings (QWEN_EDGE_...) and the secrets that they name. Must not know: processes, models.

import { createRequire } from "node:module";
import { devNull } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readConfig } from "../../src/config.ts";
import { layAssets } from "../assets.ts";
import type { ServerCommand } from "./server.ts";

export type Runtime = "workerd" | "deno";

export interface Place {
  /** The packed model. */
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  /** For what a runtime wants to keep. */
  readonly stateFolder: string;
}

/** The key that `qwen-edge chat` sends: no setting of a server. */
export const CLIENT_KEY = "QWEN_EDGE_API_KEY";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MODULES = join(ROOT, "node_modules");

/**
 * A silent stream's end is noticed only by writing to it, so the local default for keep-alives is short: a client that
 * leaves during a long prefill stops it soon.
 */
const KEEP_ALIVE_MS = "1000";

/** The command line; for workerd the assets that it names are laid out first, in the state folder. */
export async function serverCommand(runtime: Runtime, place: Place): Promise<ServerCommand> {
  return runtime === "deno" ? denoCommand(place) : workerdCommand(place);
}

async function workerdCommand({ folder, host, port, stateFolder }: Place): Promise<ServerCommand> {
  const state = join(stateFolder, `workerd-${port}`);
  const assets = join(state, "assets");
  await layAssets(assets, folder);
  const args = [
    ...["--no-warnings", join(MODULES, "wrangler", "wrangler-dist", "cli.js"), "dev"],
    ...["--config", join(ROOT, "wrangler.toml"), "--assets", assets],
    ...["--ip", host, "--port", String(port), "--inspector-port", "0"],
    ...["--persist-to", state],
    // A .dev.vars or .env file would keep the environment out; the settings come from there alone, as on Deno.
    ...["--env-file", devNull, "--show-interactive-dev-session=false", "--log-level", "warn"],
  ];
  const quiet = {
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_WRITE_LOGS: "false",
    // Servers on several ports must not find one another's objects.
    WRANGLER_REGISTRY_PATH: join(state, "registry"),
    // Else every start asks a Cloudflare host where this machine stands.
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
  };
  // The settings reach the Worker through wrangler's environment: no secret stands in a file or a command line.
  return {
    file: process.execPath,
    args,
    env: { ...basics(), ...quiet, CLOUDFLARE_INCLUDE_PROCESS_ENV: "true", ...settings() },
  };
}

function denoCommand({ folder, host, port }: Place): ServerCommand {
  const { runInstall } = createRequire(import.meta.url)("deno/install_api.cjs") as { runInstall(): string };
  const origins = readConfig(serverEnvironment()).origins.map(({ baseUrl }) => new URL(baseUrl));
  const reached = origins.map((url) => `${url.hostname}:${url.port || (url.protocol === "https:" ? 443 : 80)}`);
  const isV6 = host.includes(":");
  const args = [
    ...["run", "--quiet", "--cached-only", "--no-prompt", "--config", join(ROOT, "deno.json"), "--allow-env"],
    `--allow-read=${folder},${join(ROOT, "build")}`,
    `--allow-net=${[`${isV6 ? `[${host}]` : host}:${port}`, ...reached].join(",")}`,
    ...[join(ROOT, "src", "platform", "deno.ts"), folder, host, String(port)],
  ];
  // The package's own launcher waits without handing signals on; this gives the program behind it.
  return { file: runInstall(), args, env: { ...basics(), DENO_NO_UPDATE_CHECK: "1", ...settings() } };
}

/** What any program needs of the environment. */
function basics(): Record<string, string> {
  const names = ["PATH", "HOME", "TMPDIR", "LANG", "USERPROFILE", "SystemRoot", "APPDATA", "LOCALAPPDATA"];
  return { NO_COLOR: "1", ...pick((name) => names.includes(name)) };
}

/** This process's environment without what is the client's. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, [CLIENT_KEY]: undefined };
}

/** The settings, and the variables that QWEN_EDGE_ORIGINS names as keys. */
function settings(): Record<string, string> {
  const origins = JSON.parse(process.env.QWEN_EDGE_ORIGINS || "{}") as Record<string, { keySecret?: string }>;
  const secrets = Object.values(origins).map(({ keySecret }) => keySecret);
  const given = pick((name) => name.startsWith("QWEN_EDGE_") || secrets.includes(name));
  return { QWEN_EDGE_KEEP_ALIVE_MS: KEEP_ALIVE_MS, ...given };
}

function pick(isWanted: (name: string) => boolean): Record<string, string> {
  const entries = Object.entries(serverEnvironment()).filter(([name, value]) => isWanted(name) && value !== undefined);
  return Object.fromEntries(entries) as Record<string, string>;
}
