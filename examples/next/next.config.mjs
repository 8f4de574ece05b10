import { fileURLToPath } from 'node:url';

export default {
  // On the server, Node has to load bagssl: its files are beside its modules.
  serverExternalPackages: ['bagssl'],
  // Only because these examples share one node_modules, a folder up.
  turbopack: { root: fileURLToPath(new URL('..', import.meta.url)) },
};
