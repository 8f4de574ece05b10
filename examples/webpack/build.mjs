// webpack finds the worker and the wasm files by itself.
import { fileURLToPath } from 'node:url';
import webpack from 'webpack';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const compiler = webpack({
  mode: 'production',
  performance: { hints: false },
  entry: { page: here('../shared/page.js') },
  output: { path: here('dist') },
});
const stats = await new Promise((resolve, reject) => {
  compiler.run((error, result) => (error ? reject(error) : resolve(result)));
});
await new Promise((resolve) => compiler.close(resolve));
if (stats.hasErrors() || stats.hasWarnings())
  throw new Error(stats.toString({ all: false, errors: true, warnings: true }));
