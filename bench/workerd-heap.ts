// The JavaScript heap of a workerd that runs under wrangler, as its inspector tells it.
// Takes the inspector's address; gives bytes, array buffers among them. Must not know: what runs there.

/** Of the Chrome DevTools Protocol, in bytes: JavaScript's objects, and array buffers. */
interface HeapUsage {
  readonly usedSize: number;
  readonly backingStorageSize: number;
}

/** Bytes in use. workerd tells its heap to the inspector only: its process.memoryUsage() is all zeros. */
export async function inspectHeap(inspector: string | URL): Promise<number> {
  const url = new URL("/ws", inspector);
  url.protocol = "ws:";
  // wrangler refuses a client without an origin; the web's types know no second argument like this one of Node's.
  const options = { headers: { Origin: "http://localhost" } } as unknown as string;
  const socket = new WebSocket(url, options);
  try {
    return await new Promise<number>((resolve, reject) => {
      socket.addEventListener("error", () => reject(new Error("The inspector of workerd cannot be reached")));
      socket.addEventListener("close", () => reject(new Error("The inspector of workerd hung up")));
      socket.addEventListener("open", () => socket.send(JSON.stringify({ id: 1, method: "Runtime.getHeapUsage" })));
      socket.addEventListener("message", ({ data }) => {
        const { id, result } = JSON.parse(String(data)) as { id?: number; result?: HeapUsage };
        if (id === 1 && result) resolve(result.usedSize + result.backingStorageSize);
      });
    });
  } finally {
    socket.close();
  }
}
