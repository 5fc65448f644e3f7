// What workerd has beside the web platform, as far as bench/worker.ts uses it.

/** A .wasm import is a compiled module. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}

/** Both ends of a socket: the answer's and our own. */
declare class WebSocketPair {
  readonly 0: WebSocket;
  readonly 1: WebSocket & { accept(): void };
}
