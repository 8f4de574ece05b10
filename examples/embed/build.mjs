// As in ../esbuild, this copies the files named by `new URL(file, import.meta.url)` next to the bundle, the encoder too.
import { copyFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

await build({
  entryPoints: [here('main.js')],
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  outdir: here('dist'),
});
for (const file of [
  'bagssl/dist/patches.worker.js',
  'bagssl/dist/encoder.safetensors',
  'onnxruntime-web/dist/ort-wasm-simd-threaded.wasm',
  'onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.wasm',
  'onnxruntime-web/dist/ort-wasm-simd-threaded.jspi.wasm',
]) {
  copyFileSync(here(`../node_modules/${file}`), here(`dist/${file.split('/').at(-1)}`));
}
