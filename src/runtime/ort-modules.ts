/** ONNX Runtime's builds that are imported by name. */
export const BUILDS: readonly Build[] = ['onnxruntime-web/wasm', 'onnxruntime-web/webgpu', 'onnxruntime-web/jspi'];
/** The name by which a build of ONNX Runtime is imported. */
export type Build = 'onnxruntime-web/wasm' | 'onnxruntime-web/webgpu' | 'onnxruntime-web/jspi';
/** URLs of builds, by name. */
export type OrtModules = Readonly<Partial<Record<Build, string>>>;

/**
 * The builds' URLs in a page's import map, for a worker, which the map does not reach. Undefined without such a map: then a
 * bundler, Deno or Node also finds the builds for the worker.
 */
export function ortModules(): OrtModules | undefined {
  if (!('document' in globalThis)) return undefined;
  const { resolve } = import.meta as { resolve?: (name: string) => string };
  try {
    return Object.fromEntries(BUILDS.map((name) => [name, resolve!(name)]));
  } catch {
    return undefined;
  }
}
