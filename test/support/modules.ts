import { BUILDS, type OrtModules } from '../../src/runtime/ort-modules.ts';

/** Where the tests' pages, which have no import map, find ONNX Runtime for a worker. */
export const MODULES: OrtModules | undefined =
  'document' in globalThis
    ? Object.fromEntries(
        BUILDS.map((build) => {
          const file = build.replace('onnxruntime-web/', 'ort.');
          return [build, new URL(`/node_modules/onnxruntime-web/dist/${file}.bundle.min.mjs`, location.href).href];
        }),
      )
    : undefined;
