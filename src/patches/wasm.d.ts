/** WebAssembly binaries are imported as bytes; esbuild's `binary` loader puts them into the bundle. */
declare module '*.wasm' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
