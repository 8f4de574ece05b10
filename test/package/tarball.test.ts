import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { build } from 'esbuild';
import { type PackedApp, packedApp } from '../support/packed-app.ts';

/** What npm publishes, seen by an application that has installed it. */
describe('the packed package', () => {
  let app: PackedApp;

  before(() => {
    app = packedApp();
  });
  after(() => app.remove());

  it('holds what was built and what is read, and nothing else', () => {
    const outside = app.files.filter(
      (file) =>
        !/^dist\/|^(package\.json|README\.md|CHANGELOG\.md|LICENSE)$/.test(file) || /\.test\.|(?<!\.d)\.ts$/.test(file),
    );
    assert.deepEqual(outside, []);
    for (const file of [
      'LICENSE',
      'dist/index.js',
      'dist/node.js',
      'dist/cli.js',
      'dist/patches.worker.js',
      'dist/trainer.worker.js',
    ]) {
      assert.ok(app.files.includes(file), `${file} is missing`);
    }
  });

  it('has every file its manifest names', () => {
    const manifest = JSON.parse(readFileSync(join(app.installed, 'package.json'), 'utf8'));
    const paths = (entry: unknown): string[] =>
      typeof entry === 'string' ? [entry] : Object.values(entry as object).flatMap(paths);
    for (const path of [...paths(manifest.exports), ...paths(manifest.bin)]) {
      assert.ok(existsSync(join(app.installed, path)), `${path} is missing`);
    }
  });

  for (const [specifier, source] of [
    ['bagssl', 'src/index.ts'],
    ['bagssl/node', 'src/node.ts'],
  ]) {
    it(`exports from ${specifier} what ${source} exports`, async () => {
      const expected = await namesOf(source);
      assert.ok(expected.length > 0);
      const program = `console.log(JSON.stringify(Object.keys(await import('${specifier}')).sort()))`;
      assert.deepEqual(JSON.parse(app.node('--input-type=module', '-e', program)), expected);
    });
  }

  it('is typed for an application in TypeScript', async () => {
    const lines = await Promise.all(
      ['bagssl', 'bagssl/node'].map(async (specifier, k) => {
        const names = (await namesOf(k === 0 ? 'src/index.ts' : 'src/node.ts')).map((name) => `${name} as ${name}${k}`);
        return `export { ${names.join(', ')} } from '${specifier}';`;
      }),
    );
    writeFileSync(join(app.folder, 'app.mts'), lines.join('\n'));
    const tsc = createRequire(join(process.cwd(), 'package.json')).resolve('typescript/bin/tsc');
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2022'];
    try {
      app.node(tsc, ...options, 'app.mts');
    } catch (error) {
      assert.fail((error as { stdout: string }).stdout);
    }
  });

  it('starts its command line', () => {
    assert.match(app.node(join(app.installed, 'dist/cli.js'), '--help'), /bagssl/);
  });
});

/** The names a module of the source exports, as the bundler sees them. */
async function namesOf(source: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [source],
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    loader: { '.wasm': 'empty' },
    outdir: tmpdir(),
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  return Object.values(metafile.outputs)
    .flatMap((output) => (output.entryPoint ? output.exports : []))
    .sort();
}
