import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const own = (file) => fileURLToPath(new URL(file, import.meta.url));

/** The library's dependencies, as each runner finds them. */
const targets = {
  node: { platform: 'node', packages: 'external' },
  // Node's test module and assertions are replaced, so that a test is written once for every platform. ONNX Runtime finds
  // its WebAssembly beside its own module, so it stays where it is.
  browser: {
    platform: 'browser',
    external: ['onnxruntime-web', 'onnxruntime-web/*', 'onnxruntime-node', 'sharp', 'node:*'],
    alias: {
      'node:test': own('portable-test.mjs'),
      'node:assert/strict': own('portable-assert.mjs'),
      'node:assert': own('portable-assert.mjs'),
    },
  },
  deno: { platform: 'node', packages: 'external', alias: { 'node:test': own('portable-test.mjs') } },
};

/**
 * Bundles test files for one runner into a folder, beside their chunks and the built workers, as the library is in dist/. Leaves
 * out the files that cannot be bundled, `broken`. `sources` maps the name of each bundle to its file.
 */
export async function bundleTests(runner, files, outdir) {
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir, { recursive: true });
  for (const name of readdirSync('dist')) {
    if (/\.worker\.js(\.map)?$|\.safetensors$/.test(name)) cpSync(join('dist', name), join(outdir, name));
  }
  const options = {
    ...targets[runner],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    sourcemap: true,
    splitting: true,
    outdir,
    loader: { '.wasm': 'binary' },
    // Browsers have no environment to read it from.
    define: { BAGSSL_FAULTS: process.env.BAGSSL_FAULTS ?? '{"count":3,"seed":1}' },
  };
  const nameOf = (file) => relative('test', file).replace(/[\\/]/g, '.').replace(/\.ts$/, '');
  const sources = new Map(files.map((file) => [`${nameOf(file)}.js`, file]));
  const bundle = (some, more) => {
    const entryPoints = Object.fromEntries(some.map((file) => [nameOf(file), file]));
    return build({ ...options, entryPoints, ...more });
  };
  try {
    await bundle(files, { logLevel: 'silent' });
    return { sources, broken: [] };
  } catch {
    // One broken file must not hide what the others say.
    const broken = [];
    for (const file of files) {
      await bundle([file], { logLevel: 'error', write: false }).catch(() => broken.push(file));
    }
    const sound = files.filter((file) => !broken.includes(file));
    if (sound.length > 0) await bundle(sound, { logLevel: 'error' });
    return { sources, broken };
  }
}
