// The command line: finds the command, runs it, and turns what it throws into one line and an exit code.
// Takes the arguments after `qwen-edge`; gives the exit code: 0 done, 1 failed, 2 wrong usage.
// Must not know: what a command does.

import { report } from "./usage.ts";

interface Command {
  readonly summary: string;
  /** Loaded only when asked for: a command's imports are not the others' burden. */
  readonly load: () => Promise<(args: string[]) => Promise<number>>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  dev: {
    summary: "serve a model on this machine, in workerd or Deno",
    load: async () => (await import("./dev.ts")).run,
  },
  chat: {
    summary: "talk to a running server",
    load: async () => (await import("./chat.ts")).run,
  },
  pack: {
    summary: "pack a GGUF file or a Hugging Face folder for serving",
    load: async () => (await import("./pack/command.ts")).packCommand,
  },
  inspect: {
    summary: "tell what a model file or a packed folder holds",
    load: async () => (await import("./inspect.ts")).inspectCommand,
  },
  eval: {
    summary: "measure a model's perplexity on a text",
    load: async () => (await import("./eval.ts")).run,
  },
};

/** Runs one command and resolves to the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    console.log(help());
    return name === undefined ? 2 : 0;
  }
  if (name === "--version") {
    const { default: project } = await import("../package.json", { with: { type: "json" } });
    console.log(project.version);
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    console.error(`Unknown command ${JSON.stringify(name)}; there are: ${Object.keys(COMMANDS).join(", ")}`);
    return 2;
  }
  try {
    const run = await command.load();
    return await run(rest);
  } catch (error) {
    return report(error, `qwen-edge ${name} --help`);
  }
}

function help(): string {
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(9)} ${summary}`);
  return [
    "Usage: qwen-edge COMMAND [OPTIONS]",
    "",
    ...rows,
    "",
    "qwen-edge COMMAND --help tells a command's options.",
  ].join("\n");
}
