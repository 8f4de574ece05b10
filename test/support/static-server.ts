import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/** What a page needs for threads. */
export const ISOLATED = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
} as const;

export interface StaticServer extends AsyncDisposable {
  readonly origin: string;
}

/** Serves a folder, with headers that may depend on the path. A type given there wins over the file's; `read` may
 * give other bytes, and one that throws makes the file missing. */
export async function serve(
  folder: string,
  headers: (path: string) => Readonly<Record<string, string>> = () => ISOLATED,
  read: (file: string) => Promise<string | Uint8Array> = readFile,
): Promise<StaticServer> {
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url!, 'http://any').pathname);
    if (path === '/favicon.ico') return void response.writeHead(204).end(); // every browser asks for it
    const file = join(folder, path.endsWith('/') ? `${path}index.html` : path);
    try {
      const body = await read(file);
      response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream', ...headers(path) });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
