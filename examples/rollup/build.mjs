// Two plugins: one finds packages, the other copies the files of `new URL(file, import.meta.url)`.
import { fileURLToPath } from 'node:url';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { importMetaAssets } from '@web/rollup-plugin-import-meta-assets';
import { rollup } from 'rollup';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const bundle = await rollup({
  input: here('../shared/page.js'),
  plugins: [nodeResolve({ browser: true }), importMetaAssets()],
});
await bundle.write({ dir: here('dist'), format: 'es' });
await bundle.close();
