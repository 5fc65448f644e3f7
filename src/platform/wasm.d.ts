// On Workers a .wasm import is a compiled module: bytes cannot be compiled there.

declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
