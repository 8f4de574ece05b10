import assert from 'node:assert/strict';
import { cpSync, mkdirSync, renameSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'puppeteer-core';
import { linkPackage, type PackedApp, packedApp } from '../support/packed-app.ts';
import { ISOLATED, serve } from '../support/static-server.ts';
import { openChromium, type Visit, visit } from '../support/visit.ts';

/** The example page of esbuild on hosts that make it hard: what works there, and what is said where it cannot. */
describe('a page', () => {
  let app: PackedApp;
  let browser: Browser;

  before(async () => {
    app = packedApp();
    for (const name of ['shared', 'esbuild', 'import-map']) {
      cpSync(`examples/${name}`, join(app.folder, name), { recursive: true });
    }
    linkPackage(app.folder, 'esbuild', 'node_modules');
    app.node('esbuild/build.mjs');
    browser = await openChromium();
  });
  after(async () => {
    await browser?.close();
    app.remove();
  });

  interface Host {
    readonly headers?: (path: string) => Readonly<Record<string, string>>;
    readonly read?: (file: string) => Promise<string | Uint8Array>;
    readonly path?: string;
  }
  async function on({ headers, read, path = 'esbuild/' }: Host): Promise<Visit> {
    await using server = await serve(app.folder, headers, read);
    return await visit(browser, `${server.origin}/${path}`); // before the server goes
  }
  const works = ({ result }: Visit) => assert.match(result, /^\{"cosines":\[0\.\d+,.*"losses":\[-?\d/);
  const policy = (workers: string) => ({
    ...ISOLATED,
    'Content-Security-Policy': `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; ${workers}`,
  });

  const withOptions = (options: object) => async (file: string) => {
    const bytes = await readFile(file);
    return file.endsWith('.html')
      ? bytes.toString().replace('<pre', `<pre data-options='${JSON.stringify(options)}'`)
      : bytes;
  };

  it('without COOP and COEP runs on one thread and says so once', async () => {
    const seen = await on({ headers: () => ({}) });
    works(seen);
    assert.equal(seen.console.length, 1, seen.console.join('\n'));
    assert.match(seen.console[0], /^warn(ing)?: One wasm thread: this page is not cross-origin isolated\. Send COOP/);
  });

  it('runs under a strict Content-Security-Policy', async () => {
    const seen = await on({ headers: () => policy("worker-src 'self'") });
    works(seen);
    assert.deepEqual(seen.console, []);
  });

  it('whose policy forbids workers says what to allow', async () => {
    const headers = () => policy("worker-src 'none'");
    const threads = await on({ headers });
    assert.match(threads.result, /^device-unavailable: .* Allow worker-src 'self'.* threads: 1/);
    const cutting = await on({ headers, read: withOptions({ threads: 1 }) });
    assert.match(
      cutting.result,
      /^worker-failed: .* Content-Security-Policy must allow worker-src 'self'.* workers: 0/,
    );
    works(await on({ headers, read: withOptions({ threads: 1, workers: 0, background: false }) }));
  });

  it('whose policy forbids WebAssembly says what to allow', async () => {
    const { result } = await on({
      headers: () => ({ ...ISOLATED, 'Content-Security-Policy': "script-src 'self'; worker-src 'self'" }),
    });
    assert.match(result, /must allow script-src 'wasm-unsafe-eval'/);
  });

  it('runs where wasm is served as another type', async () => {
    works(
      await on({
        headers: (path) => ({ ...ISOLATED, ...(path.endsWith('.wasm') && { 'Content-Type': 'text/plain' }) }),
      }),
    );
  });

  for (const [what, read] of [
    ['a page', async () => '<!doctype html><title>Not found</title>'],
    ['nothing', () => Promise.reject(new Error('missing'))],
  ] as const) {
    it(`that gets ${what} for wasm says which files to serve`, async () => {
      const { result } = await on({ read: (file) => (file.endsWith('.wasm') ? read() : readFile(file)) });
      assert.match(result, /^device-unavailable: ONNX Runtime's WebAssembly could not be loaded/);
      assert.match(result, /Serve onnxruntime-web.s ort-wasm-\* files .* wasmUrl/);
    });
  }

  it('takes the worker and the wasm files from the given addresses', async () => {
    const place = join(app.folder, 'told');
    cpSync(join(app.folder, 'esbuild'), place, { recursive: true });
    mkdirSync(join(place, 'ort'));
    const ort = (name: string) => join('node_modules/onnxruntime-web/dist', name);
    for (const type of ['mjs', 'wasm']) {
      cpSync(ort(`ort-wasm-simd-threaded.${type}`), join(place, `ort/ort-wasm-simd-threaded.${type}`));
    }
    for (const build of ['', '.asyncify', '.jspi']) {
      renameSync(join(place, `dist/ort-wasm-simd-threaded${build}.wasm`), join(place, `unused${build}`));
    }
    renameSync(join(place, 'dist/patches.worker.js'), join(place, 'cutter.js'));
    const seen = await on({ path: 'told/', read: withOptions({ workerUrl: '/told/cutter.js', wasmUrl: '/told/ort' }) });
    works(seen);
    assert.deepEqual(seen.console, []);
  });

  it('runs with every module from another origin', async () => {
    const allowed = { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' };
    await using cdn = await serve(app.folder, () => ({ ...ISOLATED, ...allowed }));
    const seen = await on({
      path: 'import-map/',
      read: async (file) => {
        const text = await readFile(file);
        return file.endsWith('.html')
          ? text.toString().replaceAll('"/node_modules/', `"${cdn.origin}/node_modules/`)
          : text;
      },
    });
    works(seen);
  });
});
