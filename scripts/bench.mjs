// npm run bench -- NAME [--deno] [options]: bundles bench/NAME.ts and runs it in Node, or in Deno (WebGPU on lavapipe where
// there is no GPU). `npm run bench` alone lists the names.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { npm } from './lib/run.mjs';
import { lavapipeEnvironment } from './lib/vulkan.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const [name, ...options] = process.argv.slice(2);
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
if (uses && !rest.includes('--no-peers') && !existsSync('bench/node_modules')) {
  const { status } = await npm(['install', '--no-audit', '--no-fund'], { cwd: 'bench' });
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
const deno = join(createRequire(import.meta.url).resolve('deno/package.json'), '../bin.cjs');
const command = rest.length < options.length ? [deno, 'run', '--allow-all', '--no-lock'] : [];
const env = { ...process.env, ...(command.length > 0 && { ...lavapipeEnvironment(), DENO_NO_UPDATE_CHECK: '1' }) };
const { status } = spawnSync(process.execPath, [...command, `build/bench/${name}.js`, ...rest], {
  stdio: 'inherit',
  env,
});
process.exit(status ?? 1);
