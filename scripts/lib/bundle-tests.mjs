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
 * Bundles test files for one runner into build/test/<runner>/, side by side with their chunks and the built workers,
 * as the library lies in dist/. A file that cannot be bundled is left out and returned under `broken`.
 */
export async function bundleTests(runner, files) {
  const outdir = join('build/test', runner);
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
    define: { BAGSSL_FAULTS: process.env.BAGSSL_FAULTS ?? '{"count":5,"seed":1}' },
  };
  const bundle = (some, more) => {
    const names = some.map((file) => [relative('test', file).replace(/[\\/]/g, '.').replace(/\.ts$/, ''), file]);
    return build({ ...options, entryPoints: Object.fromEntries(names), ...more });
  };
  try {
    await bundle(files, { logLevel: 'silent' });
    return { outdir, broken: [] };
  } catch {
    // One broken file must not hide what the others say.
    const broken = [];
    for (const file of files) {
      await bundle([file], { logLevel: 'error', write: false }).catch(() => broken.push(file));
    }
    const sound = files.filter((file) => !broken.includes(file));
    if (sound.length > 0) await bundle(sound, { logLevel: 'error' });
    return { outdir, broken };
  }
}
