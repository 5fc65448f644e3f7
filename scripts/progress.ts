// One line of progress: rewritten in place on a terminal, and elsewhere one line for each thing that begins.
// Takes a label and a share; owns the terminal's last line while it is shown. Must not know: what progresses.

const BAR_WIDTH = 24;

export class ProgressLine {
  readonly #out: NodeJS.WriteStream;
  #label: string | undefined;
  #text = "";

  constructor(out: NodeJS.WriteStream = process.stderr) {
    this.#out = out;
  }

  /** `share` is 0..1. */
  show(label: string, share: number): void {
    const isNew = label !== this.#label;
    this.#label = label;
    if (!this.#out.isTTY) {
      if (isNew) this.#out.write(`${label} …\n`);
      return;
    }
    const filled = Math.round(share * BAR_WIDTH);
    const bar = `${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)}`;
    const text = `${label.padEnd(9)} ${bar} ${String(Math.floor(share * 100)).padStart(3)} %`;
    if (text !== this.#text) this.#out.write(`\r\x1b[K${text}`);
    this.#text = text;
  }

  /** A line above the progress. */
  print(line: string): void {
    this.clear();
    this.#out.write(`${line}\n`);
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#out.isTTY && this.#text !== "") this.#out.write("\r\x1b[K");
    this.#text = "";
  }
}
