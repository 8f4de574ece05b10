import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, lstatSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'puppeteer-core';
import { type PackedApp, packagesOf, packedApp } from '../support/packed-app.ts';
import { serve } from '../support/static-server.ts';
import { openChromium, visit } from '../support/visit.ts';

const all = process.env.BAGSSL_PACKAGE === 'all';
const skip = !all && 'npm run test:package builds it';

interface Figures {
  readonly cosines: readonly number[];
  readonly losses: readonly number[];
  readonly background?: Figures;
  readonly worker?: Figures;
}

/** examples/ for frameworks, dev servers and places that are neither a page nor a server, from the packed tarball. */
describe('the examples of frameworks', { skip }, () => {
  let app: PackedApp;
  let browser: Browser;
  let expected: Figures;
  const running: ChildProcess[] = [];

  before(async () => {
    app = packedApp();
    const filter = (path: string) => !path.includes('node_modules') && !path.endsWith('package.json');
    cpSync('examples', app.folder, { recursive: true, filter });
    const modules = join(app.folder, 'node_modules');
    // Bundlers follow links, and refuse files outside the project: so these are copies, as after npm install.
    for (const name of packagesOf(modules)) {
      if (lstatSync(join(modules, name)).isSymbolicLink()) withDependencies(name, modules);
    }
    for (const name of packagesOf('examples/node_modules')) {
      if (!existsSync(join(modules, name))) copied(join('examples/node_modules', name), join(modules, name));
    }
    withDependencies('esbuild', modules);
    expected = JSON.parse(app.node('node/main.js'));
    browser = await openChromium();
  });
  after(async () => {
    for (const child of running) child.kill();
    await browser?.close();
    app?.remove();
  });

  function same(output: string): void {
    assert.match(output, /^\{/, `no figures but: ${output}`);
    const { background, worker, ...figures } = JSON.parse(output) as Figures;
    for (const found of [figures, background, worker]) if (found) near(found);
  }

  function near(figures: Figures): void {
    for (const kind of ['cosines', 'losses'] as const) {
      assert.equal(figures[kind].length, expected[kind].length);
      const off = figures[kind].map((value, k) => Math.abs(value - expected[kind][k]) / Math.max(1, Math.abs(value)));
      assert.ok(Math.max(...off) < 1e-4, `${kind} are ${figures[kind]}; in Node ${expected[kind]}`);
    }
  }

  /** Starts a server of the application. @returns the first address that it prints */
  function started(folder: string, ...args: string[]): Promise<string> {
    const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', ASTRO_TELEMETRY_DISABLED: '1' };
    const child = spawn(process.execPath, args, { cwd: join(app.folder, folder), env });
    running.push(child);
    return new Promise((found, failed) => {
      let text = '';
      const read = (part: Buffer) => {
        text += part;
        const [address] = /http:\/\/[\w.:[\]]+\/?\S*/.exec(text) ?? [];
        if (address) found(address);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.on('close', (code) => failed(new Error(`it ended with ${code}: ${text}`)));
    });
  }

  const bin = (name: string, file: string) => join(app.folder, 'node_modules', name, file);

  for (const name of ['vite', 'vite-5']) {
    it(`run under the dev server of ${name}`, async () => {
      const address = await started('vite', 'dev.mjs', name);
      let { result, console: lines } = await visit(browser, address);
      // Vite reloads a page whose dependencies it finds while the page runs, after the page has missed them.
      if (/Failed to fetch dynamically imported module.*\.vite\/deps/.test(result))
        ({ result, console: lines } = await visit(browser, address));
      same(result);
      assert.deepEqual(
        lines.filter((line) => !/\[vite\]/.test(line)),
        [],
      );
    });
  }

  it('run in a route and in a client component of Next.js', async () => {
    const next = bin('next', 'dist/bin/next');
    const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' };
    execFileSync(process.execPath, [next, 'build'], { cwd: join(app.folder, 'next'), env, stdio: 'pipe' });
    const address = await started('next', next, 'start', '-H', '127.0.0.1', '-p', '0');
    const route = await (await fetch(new URL('/api/similarity', address))).text();
    assert.match(route, /^Similarity: 0\.\d{3}$/);
    const { result } = await visit(browser, address);
    assert.equal(result, route);
  });

  it('run in a page that Astro has built', async () => {
    execFileSync(process.execPath, [bin('astro', 'astro.js'), 'build'], {
      cwd: join(app.folder, 'astro'),
      env: { ...process.env, ASTRO_TELEMETRY_DISABLED: '1' },
      stdio: 'pipe',
    });
    await using server = await serve(join(app.folder, 'astro/dist'));
    same((await visit(browser, `${server.origin}/`)).result);
  });

  it('run in a page and in the service worker of a web extension', async () => {
    app.node('extension/build.mjs');
    const own = await openChromium(
      `--disable-extensions-except=${join(app.folder, 'extension')}`,
      `--load-extension=${join(app.folder, 'extension')}`,
      '--disable-features=DisableLoadExtensionCommandLineSwitch',
    );
    try {
      const target = await own.waitForTarget((one) => one.type() === 'service_worker', { timeout: 240_000 });
      const { result } = await visit(own, new URL('/page.html', target.url()).href);
      same(result);
      assert.ok((JSON.parse(result) as Figures).worker, result);
    } finally {
      await own.close();
    }
  });

  it('search, and refuse to embed, in workerd', async () => {
    app.node('workerd/build.mjs');
    const require = createRequire(join(app.folder, 'package.json'));
    const script = join(app.folder, 'workerd/dist/worker.js');
    const { Miniflare } = await import(pathToFileURL(require.resolve('miniflare')).href);
    const workerd = new Miniflare({
      modules: [{ type: 'ESModule', path: 'worker.js', contents: readFileSync(script, 'utf8') }],
      compatibilityDate: '2025-09-01',
      cf: false,
    });
    try {
      const answer = await workerd.dispatchFetch('http://localhost/', { method: 'POST', body: '[0.2, 0.9, 0]' });
      const { nearest, refused } = (await answer.json()) as { nearest: string; refused: string };
      assert.equal(nearest, 'forest');
      assert.match(refused, /^device-unavailable: .*Cloudflare Workers/);
    } finally {
      await workerd.dispose();
    }
  });
});

/** Installs a package of this repository, and what it needs, in place of links. */
function withDependencies(name: string, modules: string): void {
  const place = join(modules, name);
  const from = join('node_modules', name);
  if (!existsSync(from) || (existsSync(place) && !lstatSync(place).isSymbolicLink())) return;
  rmSync(place, { force: true });
  copied(from, place);
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
  for (const other of Object.keys({ ...dependencies, ...optionalDependencies })) withDependencies(other, modules);
}

/** Links its files where that is possible. */
function copied(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  try {
    execFileSync('cp', ['-al', from, to], { stdio: 'pipe' });
  } catch {
    cpSync(from, to, { recursive: true });
  }
}
