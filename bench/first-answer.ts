// node bench/first-answer.ts [workerd|deno]: what a newcomer waits for. Starts `npm start` five times, each with an empty
// cache, and asks the model that ships as soon as the server says that it is ready.
// Prints medians with their least and most: from that line to the first words and to the end of the answer, and tokens a
// second between those two. Must not know: how a server is started.

import { parseChoice } from "../scripts/usage.ts";
import { startServer } from "../test/runtime/started.ts";
import { median } from "./report.ts";

const RUNS = 5;
const QUESTION = "Which runtimes can it run in, and how do I deploy it with wrangler?";

const runtime = parseChoice("runtime", process.argv[2] ?? "workerd", ["workerd", "deno"]);
const first: number[] = [];
const whole: number[] = [];
const speed: number[] = [];
for (let run = 0; run < RUNS; run++) {
  const server = await startServer(runtime);
  const ready = performance.now();
  try {
    const stream = await server.client.chat.completions.create({
      model: "pocket",
      messages: [{ role: "user", content: QUESTION }],
      stream: true,
      stream_options: { include_usage: true },
    });
    let begun = 0;
    let tokens = 0;
    for await (const chunk of stream) {
      if (begun === 0 && chunk.choices[0]?.delta.content) begun = performance.now();
      tokens = chunk.usage?.completion_tokens ?? tokens;
    }
    const ended = performance.now();
    first.push(begun - ready);
    whole.push(ended - ready);
    speed.push(((tokens - 1) / (ended - begun)) * 1000);
  } finally {
    await server.interrupt();
  }
}
print("ready -> first words", first, "ms");
print("ready -> whole answer", whole, "ms");
print("after the first token", speed, "tokens/s");

function print(what: string, values: readonly number[], unit: string): void {
  const [least, middle, most] = [Math.min(...values), median(values), Math.max(...values)].map((n) => n.toFixed(0));
  console.log(`${what.padEnd(22)} ${middle} ${unit} (${least} to ${most})`);
}
