// esbuild leaves `new URL(file, import.meta.url)` as it is, so this copies the named files next to the bundle. Splitting keeps
// ONNX Runtime in a separate file, from which its threads start.
import { copyFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

await build({
  entryPoints: [here('../shared/page.js')],
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  outdir: here('dist'),
});
for (const file of [
  'bagssl/dist/patches.worker.js',
  'bagssl/dist/trainer.worker.js', // for background: true, as the next
  'bagssl/dist/embedder.worker.js',
  'onnxruntime-web/dist/ort-wasm-simd-threaded.wasm',
  'onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.wasm',
  'onnxruntime-web/dist/ort-wasm-simd-threaded.jspi.wasm',
]) {
  copyFileSync(here(`../node_modules/${file}`), here(`dist/${file.split('/').at(-1)}`));
}
