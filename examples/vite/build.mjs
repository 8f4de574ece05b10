// Vite finds the worker and the wasm files by itself. `base: './'` lets the site be in any folder.
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

await build({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  configFile: false,
  logLevel: 'warn',
  build: { target: 'es2022', chunkSizeWarningLimit: 1000 },
});
