import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'puppeteer-core';
import { linkPackage, type PackedApp, packagesOf, packedApp } from '../support/packed-app.ts';
import { ISOLATED, type StaticServer, serve } from '../support/static-server.ts';
import { openChromium, visit } from '../support/visit.ts';

/** `npm run test:package` sets it, when the bundlers of examples/package.json are installed. */
const all = process.env.BAGSSL_PACKAGE === 'all';
const skip = !all && 'npm run test:package builds it';

interface Figures {
  readonly cosines: readonly number[];
  readonly losses: readonly number[];
  /** The same from workers. */
  readonly background?: Figures;
}

/** examples/: each built from the tarball and run where it is meant to run, with the figures of Node. */
describe('the examples', () => {
  let app: PackedApp;
  let browser: Browser;
  let server: StaticServer;
  let expected: Figures;

  before(async () => {
    app = packedApp();
    cpSync('examples', app.folder, {
      recursive: true,
      filter: (path) => !path.includes('node_modules') && !path.endsWith('package.json'),
    });
    linkPackage(app.folder, 'esbuild', 'node_modules');
    if (all) for (const name of packagesOf('examples/node_modules')) linkIfAbsent(app.folder, name);
    expected = JSON.parse(app.node('node/main.js'));
    browser = await openChromium();
    server = await serve(app.folder);
  });
  after(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
    app.remove();
  });

  function same(output: string): void {
    assert.match(output, /^\{/, `no figures but: ${output}`);
    const { background, ...figures } = JSON.parse(output) as Figures;
    near(figures);
    near(background!);
  }

  function near(figures: Figures): void {
    for (const kind of ['cosines', 'losses'] as const) {
      assert.equal(figures[kind].length, expected[kind].length);
      const off = figures[kind].map((value, k) => Math.abs(value - expected[kind][k]) / Math.max(1, Math.abs(value)));
      assert.ok(Math.max(...off) < 1e-4, `${kind} are ${figures[kind]}; in Node ${expected[kind]}`);
    }
  }

  async function page(name: string, path = `${name}/`): Promise<void> {
    const { result, console: lines } = await visit(browser, `${server.origin}/${path}`);
    same(result);
    assert.deepEqual(lines, []);
  }

  it('distinguishes the pictures and trains, in Node', () => {
    const [least, middle, most] = [...expected.cosines].sort();
    assert.ok(
      least > 0 && most < 0.999 && Math.min(middle - least, most - middle) > 0.01,
      `cosines ${expected.cosines}`,
    );
    assert.equal(expected.losses.length, 2);
    assert.ok(expected.losses.every(Number.isFinite) && expected.losses[0] !== expected.losses[1]);
  });

  it('runs from an import map', () => page('import-map'));

  it('runs when esbuild has bundled it', async () => {
    app.node('esbuild/build.mjs');
    await page('esbuild');
  });

  it('compares two pictures of a page in six lines', async () => {
    app.node('embed/build.mjs');
    const scripts: Record<string, number> = {};
    await using page = await serve(
      app.folder,
      () => ISOLATED,
      async (file) => {
        const bytes = await readFile(file);
        const name = basename(file);
        if (/^(?!(later-)?ort[.-]|patches\.worker).*\.js$/.test(name))
          scripts[name] = gzipSync(bytes, { level: 9 }).length / 1000;
        return bytes;
      },
    );
    const { result, console: lines } = await visit(browser, `${page.origin}/embed/`);
    assert.match(result, /^Similarity: 0\.\d{3}$/);
    assert.deepEqual(
      lines.filter((line) => !/adapter/.test(line)), // this Chromium has no GPU, and says so
      [],
    );
    // What the page loaded of ours, and Comlink with it, to do so.
    const size = Object.values(scripts).reduce((sum, kB) => sum + kB, 0);
    assert.ok(size > 10 && size < 48, `${size.toFixed(1)} kB of scripts: ${JSON.stringify(scripts)}`);
  });

  it('runs in Deno through npm:', () => {
    const deno = join(createRequire(join(process.cwd(), 'package.json')).resolve('deno/package.json'), '../bin.cjs');
    const args = [deno, 'run', '--allow-all', '--no-lock', '--config', 'deno/deno.json', 'deno/main.js'];
    same(execFileSync(process.execPath, args, { cwd: app.folder, encoding: 'utf8' }));
  });

  for (const [name, path] of [
    ['vite', 'vite/dist/'],
    ['webpack', 'webpack/'],
    ['rollup', 'rollup/'],
  ]) {
    it(`runs when ${name} has bundled it`, { skip }, async () => {
      app.node(`${name}/build.mjs`);
      await page(name, path);
    });
  }
});

function linkIfAbsent(folder: string, name: string): void {
  if (!packagesOf(join(folder, 'node_modules')).includes(name)) linkPackage(folder, name, 'examples/node_modules');
}
