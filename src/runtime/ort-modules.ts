/** The builds of ONNX Runtime that are imported by name. */
export const BUILDS: readonly Build[] = ['onnxruntime-web/wasm', 'onnxruntime-web/webgpu', 'onnxruntime-web/jspi'];
/** The name a build of ONNX Runtime is imported by. */
export type Build = 'onnxruntime-web/wasm' | 'onnxruntime-web/webgpu' | 'onnxruntime-web/jspi';
/** URLs of builds, by their names. */
export type OrtModules = Readonly<Partial<Record<Build, string>>>;

/**
 * Where a page's import map puts the builds, for a worker, which the map does not reach. Undefined where there is none: then a
 * bundler, Deno or Node finds them for the worker too.
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
