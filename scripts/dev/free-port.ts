// A port for a server that is about to start on this machine.
// Gives a number. Must not know: what will listen there; another process may take it first.

import { createServer } from "node:net";

/** A port of 127.0.0.1 on which nobody listens now. @throws what the system says when it gives none */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
