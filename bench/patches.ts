import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { ensureChromium } from '../scripts/lib/chromium.mjs';
import { CASES, type CaseName } from './patches/cases.ts';
import { inChromium } from './patches/chromium.ts';
import { ours, type Row } from './patches/ours.ts';
import { withSharp } from './patches/sharp.ts';

/**
 * Patches a second: bagssl in Node, Deno and Chromium, the peers of bench/package.json, sharp, torchvision if python3 has
 * it, and plain copying of the output. `npm run bench -- patches [--json] [--no-peers]`.
 */
const { values } = parseArgs({
  args: process.argv.slice(2),
  options: { json: { type: 'boolean', default: false }, 'no-peers': { type: 'boolean', default: false } },
});
const peers = !values['no-peers'];
const folder = 'build/bench';
const shared = { bundle: true, format: 'esm', platform: 'neutral', target: 'es2022' } as const;
const entries = { page: 'bench/patches/page.ts', standalone: 'bench/patches/standalone.ts' };
await build({
  ...shared,
  loader: { '.wasm': 'binary' },
  mainFields: ['browser', 'module', 'main'],
  conditions: ['browser'],
  entryPoints: entries,
  outdir: folder,
  nodePaths: ['bench/node_modules'],
  // TF.js asks for these in Node only.
  external: ['fs', 'path', 'os', 'perf_hooks', 'util', 'crypto', ...(peers ? [] : ['pica', '@tensorflow/*'])],
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'error',
});

/** The rows that another program prints; none if it is missing or fails. */
function printed(engine: string, program: string, ...args: string[]): Row[] {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8' });
  if (status === 0) return JSON.parse(stdout.trim().split('\n').pop()!);
  console.error(`${engine} is left out: ${program} ${args[0]} ended with ${status}.`);
  return [];
}

const rows = await ours('Node', availableParallelism());
const deno = join(createRequire(import.meta.url).resolve('deno/package.json'), '../bin.cjs');
rows.push(...printed('Deno', process.execPath, deno, 'run', '-A', '--quiet', '--no-lock', `${folder}/standalone.js`));
rows.push(...(await inChromium(await ensureChromium(), folder, peers)));
if (peers) {
  rows.push(...(await withSharp()));
  rows.push(...printed('torchvision', process.env.PYTHON ?? 'python3', 'bench/patches/torchvision_rows.py'));
}

const one = (name: string, engine: string) =>
  rows.find((row) => row.case === name && row.threads === 1 && row.engine === engine)?.patches_per_second ?? Number.NaN;
for (const row of rows) {
  const { size } = CASES[row.case as CaseName].recipe;
  const figures = {
    bench: 'patches',
    ...row,
    per_core: Math.round(row.patches_per_second / row.threads),
    output_mb_per_second: Math.round((row.patches_per_second * 3 * size * size * 4) / 1e6),
    bagssl_over_this: Number((one(row.case, 'bagssl, Node') / (row.patches_per_second / row.threads)).toFixed(2)),
  };
  if (values.json) process.stdout.write(`${JSON.stringify(figures)}\n`);
  else console.log(Object.values(figures).slice(1).join('  '));
}
process.exit(0);
