/** ONNX Runtime's builds that are imported by name. */
export const BUILDS: readonly Build[] = ['onnxruntime-web/wasm', 'onnxruntime-web/webgpu', 'onnxruntime-web/jspi'];
/** The name by which a build of ONNX Runtime is imported. */
export type Build = 'onnxruntime-web/wasm' | 'onnxruntime-web/webgpu' | 'onnxruntime-web/jspi';
/** URLs of builds, by name. */
export type OrtModules = Readonly<Partial<Record<Build, string>>>;

type BuildModule = typeof import('./ort-wasm.ts');

/** Imports a build. Each is a module that knows its own address. */
export const importBuild: Readonly<Record<Build, () => Promise<BuildModule>>> = {
  'onnxruntime-web/wasm': () => import('./ort-wasm.ts'),
  'onnxruntime-web/webgpu': () => import('./ort-webgpu.ts') as Promise<BuildModule>,
  'onnxruntime-web/jspi': () => import('./ort-jspi.ts') as Promise<BuildModule>,
};
