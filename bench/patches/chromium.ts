import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';
import type { Row } from './ours.ts';

const TYPES: Record<string, string> = { js: 'text/javascript', wasm: 'application/wasm', html: 'text/html' };
const PAGE = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';

/** The rows of bench/patches/page.ts, from `folder`, run in the Chromium at `executablePath` on a cross-origin isolated page. */
export async function inChromium(executablePath: string, folder: string, peers: boolean): Promise<Row[]> {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url!, 'http://localhost').pathname;
    const file = path.startsWith('/tfjs/')
      ? join('bench/node_modules/@tensorflow/tfjs-backend-wasm/dist', path.slice(6))
      : join(folder, path);
    const body = path === '/' ? PAGE : await readFile(file).catch(() => undefined);
    response.writeHead(body === undefined ? 404 : 200, {
      'content-type': TYPES[path === '/' ? 'html' : path.split('.').pop()!] ?? 'text/plain',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await puppeteer.launch({ executablePath, args: ['--no-sandbox', '--disable-background-networking'] });
  try {
    const page = await browser.newPage();
    // The page prints its rows: one line of JSON, or what went wrong.
    const rows = new Promise<Row[]>((resolve, reject) => {
      page.on('pageerror', (error) => reject(error));
      page.on('console', (message) => {
        if (message.text().startsWith('[')) resolve(JSON.parse(message.text()));
        else console.error(message.text());
      });
    });
    const { port } = server.address() as AddressInfo;
    await page.goto(`http://127.0.0.1:${port}/${peers ? '?peers' : ''}`);
    return await rows;
  } finally {
    await browser.close();
    server.close();
  }
}
