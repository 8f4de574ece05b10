import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/**
 * What a page loads for an import, gzipped, without ONNX Runtime: bundled, minified. At first, and with the modules that its first
 * call loads beside ONNX Runtime, which are told by what they export.
 */
describe('the size of', () => {
  for (const [script, most] of [
    ['patches', 11.5],
    ['trainer', 50],
    ['trainer-onnx', 68],
    ['embedder', 90],
    ['decoder', 13.5],
  ] as const) {
    it(`${script}.worker.js is at most ${most} kB`, async () => {
      const size = gzipSync(await readFile(`dist/${script}.worker.js`), { level: 9 }).length / 1000;
      assert.ok(size <= most, `it is ${size.toFixed(1)} kB`);
    });
  }

  for (const [names, face, called, atFirst, inAll] of [
    ['createEmbedder', 'index', ['encoderProgram'], 18, 39],
    ['createEmbedder', 'embed', ['encoderProgram'], 18, 39],
    // The encoder that comes with the package.
    ['createEmbedder', 'embed', ['BlockBags'], 18, 41.5],
    ['fit', 'index', [], 46, 46],
    ['createEmbedder, fit', 'index', ['encoderProgram'], 52, 75],
  ] as const) {
    it(`${names} of ${face} (${called}) is at most ${atFirst} kB at first, ${inAll} kB when called`, async () => {
      const { outputFiles, metafile } = await build({
        stdin: { contents: `export { ${names} } from '${resolve(`dist/${face}.js`)}';`, resolveDir: '.' },
        bundle: true,
        splitting: true,
        minify: true,
        format: 'esm',
        target: 'es2022',
        outdir: 'build/size',
        write: false,
        metafile: true,
        external: ['onnxruntime-web/*'],
        logLevel: 'error',
      });
      const { outputs } = metafile;
      const withImports = (path: string, loaded = new Set<string>()): Set<string> => {
        if (loaded.has(path)) return loaded;
        loaded.add(path);
        for (const { path: next, kind, external } of outputs[path].imports) {
          if (kind === 'import-statement' && !external) withImports(next, loaded);
        }
        return loaded;
      };
      const kilobytes = (paths: Iterable<string>) =>
        [...paths]
          .map((path) => outputFiles.find((file) => file.path === resolve(path))!)
          .reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length / 1000, 0);
      const first = withImports(Object.keys(outputs).find((path) => outputs[path].entryPoint === '<stdin>')!);
      const all = new Set(first);
      for (const name of called) {
        const later = Object.keys(outputs).find((path) => outputs[path].exports.includes(name));
        assert.ok(later, `nothing exports ${name}`);
        for (const path of withImports(later)) all.add(path);
      }
      const [start, end] = [kilobytes(first), kilobytes(all)];

      assert.ok(start > 15 && start <= atFirst, `at first it is ${start.toFixed(1)} kB`);
      assert.ok(end <= inAll, `when called it is ${end.toFixed(1)} kB`);
    });
  }
});
