import type { OrtModules } from '../../src/runtime/ort-modules.ts';

/** Where the tests' pages, which have no import map, find ONNX Runtime for a worker. */
export const MODULES: OrtModules | undefined =
  'document' in globalThis
    ? {
        'onnxruntime-web/wasm': new URL('/node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs', location.href)
          .href,
      }
    : undefined;
