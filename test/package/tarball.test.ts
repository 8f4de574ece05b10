import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { build } from 'esbuild';
import { type PackedApp, packedApp } from '../support/packed-app.ts';

/** The paths the package is imported by, and where their source is. */
const FACES = Object.keys(JSON.parse(readFileSync('package.json', 'utf8')).exports)
  .filter((path) => path !== './package.json')
  .map((path) => ({ specifier: `bagssl${path.slice(1)}`, source: `src/${path.slice(2) || 'index'}.ts` }));

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
        !/^dist\/|^docs\/.*\.(md|svg|webp)$|^(package\.json|CITATION\.cff|LICENSE|[A-Z]+\.md)$/.test(file) ||
        /\.test\.|(?<!\.d)\.ts$/.test(file),
    );
    assert.deepEqual(outside, []);
    for (const file of [
      'LICENSE',
      'dist/index.js',
      'dist/node.js',
      'dist/cli.js',
      'dist/patches.worker.js',
      'dist/trainer.worker.js',
      'dist/trainer-onnx.worker.js',
      'dist/embedder.worker.js',
      'dist/decoder.worker.js',
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

  it('exports from every path what its source exports', async () => {
    const specifiers = FACES.map(({ specifier }) => specifier);
    const program = `
      const names = async (path) => [path, Object.keys(await import(path)).sort()];
      console.log(JSON.stringify(await Promise.all(${JSON.stringify(specifiers)}.map(names))));`;
    const expected = await Promise.all(FACES.map(async ({ specifier, source }) => [specifier, await namesOf(source)]));
    assert.deepEqual(JSON.parse(app.node('--input-type=module', '-e', program)), expected);
  });

  it('has each name at one sub-path, and what the root repeats is the same thing', () => {
    const program = `
      const home = new Map();
      const double = [];
      for (const path of ${JSON.stringify(FACES.map(({ specifier }) => specifier).filter((one) => one !== 'bagssl'))}) {
        for (const [name, value] of Object.entries(await import(path))) {
          if (home.has(name)) double.push(name);
          home.set(name, value);
        }
      }
      const root = Object.entries(await import('bagssl'));
      const own = root.filter(([name]) => !home.has(name)).map(([name]) => name);
      const other = root.filter(([name, value]) => home.has(name) && home.get(name) !== value).map(([name]) => name);
      console.log(JSON.stringify({ double, own, other, size: root.length }));`;
    const { size, ...found } = JSON.parse(app.node('--input-type=module', '-e', program));
    assert.deepEqual(found, { double: [], own: ['BagsslError', 'VERSION'], other: [] });
    assert.ok(size <= 12, `the root exports ${size} names`);
  });

  it('is typed for an application in TypeScript', async () => {
    const lines = await Promise.all(
      FACES.map(async ({ specifier, source }, k) => {
        const names = (await namesOf(source)).map((name) => `${name} as ${name}${k}`);
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

  it('is sound to publint and to Are the types wrong', () => {
    for (const [tool, ...args] of [
      ['publint/src/cli.js', 'run', app.tarball, '--strict'],
      ['@arethetypeswrong/cli/dist/index.js', app.tarball, '--profile', 'esm-only', '--format', 'ascii'],
    ]) {
      try {
        execFileSync(process.execPath, [join('node_modules', tool), ...args], { encoding: 'utf8', stdio: 'pipe' });
      } catch (error) {
        assert.fail((error as { stdout: string }).stdout);
      }
    }
  });

  it('runs nothing when it is installed', () => {
    const { scripts } = JSON.parse(readFileSync(join(app.installed, 'package.json'), 'utf8'));
    // npm warns of `prepare` too, where the package is installed from a file or by git.
    const running = Object.keys(scripts).filter((name) => /^(pre|post)?(install|prepare|prepublish)$/.test(name));
    assert.deepEqual(running, []);
    assert.ok(!app.files.includes('binding.gyp')); // npm would take it for a script
  });

  it('starts its command line', () => {
    assert.match(app.node(join(app.installed, 'dist/cli.js'), '--help'), /bagssl/);
  });
});

/** What needs no worker, no WebAssembly and no npm package is ready for JSR too, which takes the source. */
describe('jsr.json', () => {
  it('would be published', () => {
    const deno = join(createRequire(join(process.cwd(), 'package.json')).resolve('deno/package.json'), '../bin.cjs');
    const args = [deno, 'publish', '--dry-run', '--allow-dirty', '--config', 'jsr.json'];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const version = (file: string) => JSON.parse(readFileSync(file, 'utf8')).version;
    assert.equal(version('jsr.json'), version('package.json'));
    assert.match(readFileSync('CITATION.cff', 'utf8'), new RegExp(`^version: ${version('package.json')}$`, 'm'));
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
