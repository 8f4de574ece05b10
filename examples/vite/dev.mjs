// The dev server finds them too. The root is the folder that holds ../shared; a version can be named: node dev.mjs vite-5
import { fileURLToPath } from 'node:url';

const { createServer } = await import(process.argv[2] ?? 'vite');
const server = await createServer({
  root: fileURLToPath(new URL('..', import.meta.url)),
  configFile: false,
  logLevel: 'warn',
  optimizeDeps: { entries: ['vite/index.html'] },
  server: {
    host: '127.0.0.1',
    port: 0,
    // For threads.
    headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
  },
});
await server.listen();
console.log(`${server.resolvedUrls.local[0]}vite/`);
