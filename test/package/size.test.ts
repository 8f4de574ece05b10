import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** What a page loads at first for an import, gzipped, without ONNX Runtime: bundled, minified, chunks loaded later left out. */
describe('the size of', () => {
  for (const [names, face, budget] of [
    ['createEmbedder', 'index', 46],
    ['createEmbedder', 'embed', 46],
    ['fit', 'index', 60],
    ['createEmbedder, fit', 'index', 68],
  ] as const) {
    it(`${names} of ${face} is at most ${budget} kB`, async () => {
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
      const first = new Set<string>();
      const add = (path: string) => {
        if (first.has(path)) return;
        first.add(path);
        for (const { path: next, kind, external } of metafile.outputs[path].imports) {
          if (kind === 'import-statement' && !external) add(next);
        }
      };
      add(Object.keys(metafile.outputs).find((path) => metafile.outputs[path].entryPoint === '<stdin>')!);
      const files = [...first].map((path) => outputFiles.find((file) => file.path === resolve(path))!);
      const size = files.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0) / 1000;
      assert.ok(size > 20 && size < budget, `it is ${size.toFixed(1)} kB`);
    });
  }
});
