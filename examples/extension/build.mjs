// As ../esbuild for the page. The service worker is one file, as it cannot import() others.
import { copyFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const shared = { bundle: true, minify: true, format: 'esm', target: 'es2022', outdir: here('dist') };

await build({ ...shared, splitting: true, entryPoints: [here('page.js')] });
await build({ ...shared, entryPoints: [here('service-worker.js')] });
for (const file of [
  'bagssl/dist/patches.worker.js',
  'bagssl/dist/trainer.worker.js',
  'bagssl/dist/embedder.worker.js',
  'onnxruntime-web/dist/ort-wasm-simd-threaded.wasm',
]) {
  copyFileSync(here(`../node_modules/${file}`), here(`dist/${file.split('/').at(-1)}`));
}
