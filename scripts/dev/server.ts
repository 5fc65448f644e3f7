// A server as a child process: its start, its noise, its end.
// Owns the child and everything that the child starts (a process group of its own), so that none of it stays behind.
// Takes a command line; gives what it printed and its end. Must not know: which server it is, HTTP.

import { type ChildProcess, spawn } from "node:child_process";
import { stripVTControlCharacters } from "node:util";

/** How long a server may take to end by itself. */
const STOP_MS = 4_000;
/** Lines kept to explain an unexpected end. */
const KEPT_LINES = 40;

export interface ServerCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export class Server {
  readonly #child: ChildProcess;
  readonly #guard: ChildProcess | undefined;
  readonly #kept: string[] = [];
  #hasEnded = false;
  /** Resolves when the child has ended, by itself or not. */
  readonly ended: Promise<void>;
  /** Where lines go from now on, beside being kept; nowhere at first. */
  onLine: (line: string) => void = () => {};

  constructor({ file, args, env }: ServerCommand) {
    // Detached: a terminal's Ctrl-C goes to this process alone, which then ends the child in order.
    this.#child = spawn(file, args, { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    this.ended = new Promise((resolve) => {
      this.#child.on("error", (error) => {
        this.#keep(error.message);
        resolve();
      });
      this.#child.on("exit", () => resolve());
    });
    void this.ended.then(() => {
      this.#hasEnded = true;
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) this.#read(stream!);
    process.on("exit", this.#killGroup);
    this.#guard = this.#child.pid === undefined ? undefined : guardGroup(this.#child.pid);
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The last lines it printed. */
  get tail(): string {
    return this.#kept.join("\n");
  }

  /** Asks the child to end, waits for it, and kills what is left of its group. */
  async stop(): Promise<void> {
    if (!this.#hasEnded) this.#child.kill("SIGTERM");
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise((resolve) => {
      timer = setTimeout(resolve, STOP_MS);
    });
    await Promise.race([this.ended, patience]);
    clearTimeout(timer);
    this.#killGroup();
    this.#guard?.kill("SIGKILL");
    process.off("exit", this.#killGroup);
  }

  readonly #killGroup = (): void => {
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, "SIGKILL");
    } catch {
      // ESRCH: the whole group has ended already.
    }
  };

  #read(stream: NodeJS.ReadableStream): void {
    let rest = "";
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#keep(line);
    });
  }

  #keep(colored: string): void {
    const line = stripVTControlCharacters(colored).trimEnd();
    if (line === "") return;
    if (this.#kept.push(line) > KEPT_LINES) this.#kept.shift();
    this.onLine(line);
  }
}

/**
 * Ends the group when this process is killed and can do nothing any more: `read` returns as soon as the pipe from here
 * is closed, however that comes.
 */
function guardGroup(group: number): ChildProcess {
  const script = `read -r _; kill -s KILL -- -${group}`;
  const guard = spawn("/bin/sh", ["-c", script], { env: {}, detached: true, stdio: ["pipe", "ignore", "ignore"] });
  guard.on("error", () => {}); // no shell, no guard
  guard.unref();
  return guard;
}
