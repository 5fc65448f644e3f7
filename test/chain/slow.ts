// A fake stage that takes its time, so that several frames are under way. Takes a stage; changes it. No clock decides a test.

import { setTimeout } from "node:timers/promises";
import type { FakeStage } from "../fakes/stage.ts";

/** Makes a stage compute one frame at a time, and let the chain go on meanwhile. A frame that is lost does not stop it. */
export function slow(stage: FakeStage): void {
  const run = stage.run.bind(stage);
  let last: Promise<unknown> = Promise.resolve();
  stage.run = (bytes) => {
    const result = last.then(async () => {
      for (let turn = 0; turn < 3; turn++) await setTimeout(0);
      return run(bytes);
    });
    last = result.catch(() => {});
    return result;
  };
}
