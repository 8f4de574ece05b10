// npm runs this after an install in a clone, and before it packs: builds dist/. Without the development dependencies
// (npm install --omit=dev) there is nothing to build with, and that is not an error.
try {
  import.meta.resolve('esbuild');
  import.meta.resolve('assemblyscript/package.json');
} catch {
  console.error('bagssl: dist/ was not built, because the development dependencies are not installed.');
  process.exit(0);
}
await import('./build.mjs');
