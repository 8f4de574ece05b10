// npm run bench -- NAME [--deno] [options]: bundles bench/NAME.ts and runs it in Node, or in Deno (WebGPU on lavapipe where
// there is no GPU). `npm run bench` alone lists the names.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { findChromium } from './lib/chromium.mjs';
import { installed } from './lib/install.mjs';
import { npm } from './lib/run.mjs';
import { lavapipeEnvironment } from './lib/vulkan.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const [name, ...options] = process.argv.slice(2);
// A GPU is found in Deno.
const inDeno = ['--deno', '--gpu'].some((option) => options.includes(option));
const rest = options.filter((option) => option !== '--deno');
const runnable = readdirSync('bench').filter(
  (file) => file.endsWith('.ts') && readFileSync(`bench/${file}`, 'utf8').includes('npm run bench -- '),
);
if (!runnable.includes(`${name}.ts`)) {
  console.error(
    `Usage: npm run bench -- NAME [options]; NAME is one of ${runnable.map((file) => file.slice(0, -3)).join(', ')}.`,
  );
  process.exit(2);
}
// A benchmark that names bench/package.json measures against what that installs.
const uses = readFileSync(`bench/${name}.ts`, 'utf8').includes('bench/package.json');
const peers = uses && !['--no-peers', '--profile', '--deno', '--gpu'].some((option) => options.includes(option));
if (peers && !installed('bench')) {
  const { status } = await npm(['ci', '--no-audit', '--no-fund'], { cwd: 'bench', quiet: true });
  if (status !== 0) throw new Error('The peers could not be installed; --no-peers measures without them.');
}
const shared = { bundle: true, format: 'esm', target: 'es2022', loader: { '.wasm': 'binary' }, logLevel: 'warning' };
await build({
  ...shared,
  platform: 'node',
  packages: 'external',
  entryPoints: [`bench/${name}.ts`],
  outdir: 'build/bench',
});
await build({
  ...shared,
  platform: 'neutral',
  mainFields: ['module', 'main'],
  entryPoints: { 'patches.worker': 'workers/patches.ts' },
  outdir: 'build/bench',
});
if (name === 'step' && peers) await bundleEngines();
const deno = join(createRequire(import.meta.url).resolve('deno/package.json'), '../bin.cjs');
const command = inDeno ? [deno, 'run', '--allow-all', '--no-lock'] : [];
const chromium = name === 'step' && peers && (await findChromium());
const env = {
  ...process.env,
  ...(chromium && { CHROME_PATH: chromium }),
  ...(inDeno && {
    ...(options.includes('--gpu')
      ? { XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? tmpdir() }
      : lavapipeEnvironment()),
    DENO_NO_UPDATE_CHECK: '1',
  }),
};
const { status } = spawnSync(process.execPath, [...command, `build/bench/${name}.js`, ...rest], {
  stdio: 'inherit',
  env,
});
process.exit(status ?? 1);

/** One engine a process: the worker of the comparison for Node and Deno, and for a page, with the engines compared. */
async function bundleEngines() {
  const engines = {
    ...shared,
    splitting: true,
    nodePaths: ['bench/node_modules'],
    external: ['onnxruntime-web', 'onnxruntime-web/*', 'onnxruntime-node', 'node:*'],
    entryPoints: ['bench/step/worker.ts'],
  };
  // TF.js asks Node for its modules by require.
  const js = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  const mainFields = ['module', 'main'];
  await build({ ...engines, mainFields, platform: 'node', banner: { js }, outdir: 'build/bench/engines' });
  await build({ ...engines, mainFields: ['browser', ...mainFields], platform: 'browser', outdir: 'build/bench/page' });
}
