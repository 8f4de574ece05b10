// npm run bench -- NAME [options]: bundles bench/NAME.ts and runs it. `npm run bench` alone lists the names.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const [name, ...rest] = process.argv.slice(2);
const runnable = readdirSync('bench').filter((file) =>
  readFileSync(`bench/${file}`, 'utf8').includes('npm run bench -- '),
);
if (!runnable.includes(`${name}.ts`)) {
  console.error(
    `Usage: npm run bench -- NAME [options]; NAME is one of ${runnable.map((file) => file.slice(0, -3)).join(', ')}.`,
  );
  process.exit(2);
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
process.exit(spawnSync(process.execPath, [`build/bench/${name}.js`, ...rest], { stdio: 'inherit' }).status ?? 1);
