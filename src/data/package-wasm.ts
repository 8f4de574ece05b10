/** A package's WebAssembly, compiled. Packages fetch theirs by URL, which neither Node nor Deno does for a file. */
export async function packageWasm(specifier: string): Promise<WebAssembly.Module> {
  // Not a static import, so that bundlers for browsers do not look for the file.
  const { readFile } = process.getBuiltinModule('node:fs/promises');
  const bytes = await readFile(new URL(import.meta.resolve(specifier)));
  return WebAssembly.compile(new Uint8Array(bytes));
}
