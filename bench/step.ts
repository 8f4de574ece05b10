import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { inDeno } from '../src/runtime/device.ts';
import { checkDevice, type PrecisionChoice, Runtime } from '../src/runtime.ts';
import { runConfig } from '../src/train.ts';
import { gpuReport } from './step/gpu-report.ts';
import { printed, profile } from './step/profile.ts';
import { shareOfMatmul } from './step/share.ts';
import { compare } from './step/table.ts';

/**
 * The speed of a training step; docs/speed.md says how to read it.
 * `npm run bench -- step [--only PATTERN] [--rounds N] [--patches N] [--json]`: two networks on every engine, and the default step's share
 * of one large matrix product (label "share"); on WebGPU also what a step asks of it: kernels, submits, bytes. `--patches 8` makes the batches small. `--device`, `--threads`, `--images`, `--views` and `--precision` apply to the share,
 * and run it alone.
 * `npm run bench -- step --gpu [--rounds N]`: what this machine's GPU makes of a step, in Deno, as one JSON file to send back.
 * `npm run bench -- step --profile [--device D] [--json]`: where the default step's time goes.
 * The engines compared come from bench/package.json; `--no-peers` leaves the comparison out.
 * With `--deno` this process is Deno, which has WebGPU; only the share and the profile are available there.
 */
const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    profile: { type: 'boolean', default: false },
    gpu: { type: 'boolean', default: false },
    device: { type: 'string' },
    threads: { type: 'string' },
    patches: { type: 'string' },
    images: { type: 'string' },
    views: { type: 'string' },
    precision: { type: 'string' },
    rounds: { type: 'string', default: '9' },
    only: { type: 'string' },
    'no-peers': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const { stdout, env } = process;
if (values.gpu) {
  const report = await gpuReport(Number(values.rounds), values.patches ? Number(values.patches) : undefined);
  const file = `bagssl-gpu-${report.adapter.name.replace(/\W+/g, '-').toLowerCase()}.json`;
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  stdout.write(`Written to ${file}.\n`);
  process.exit(0);
}
// An option for a single step runs the share alone.
const { device = 'wasm', threads, images, views, precision = 'float32' } = values;
const set = values.device ?? threads ?? images ?? views ?? values.precision;
const only = new RegExp(values.only ?? (set ? '^share$' : ''));
const rounds = Number(values.rounds);
const rows =
  values.profile || values['no-peers'] || inDeno()
    ? []
    : await compare(only, rounds, env.CHROME_PATH, values.patches ? Number(values.patches) : undefined);
const defaults = runConfig({ budget: { steps: 1 }, precision: precision as PrecisionChoice });
const config = {
  ...defaults,
  images: Number(images ?? defaults.images),
  views: Number(views ?? defaults.views),
};
// With two threads ORT's profiler reports 15 ms for every Transpose on wasm, which no run takes; with one it is right.
const one = values.profile && device === 'wasm' ? 1 : undefined;
const open = () =>
  Runtime.open({
    device: checkDevice(device),
    threads: threads ? Number(threads) : one,
  });

if (values.profile) {
  // The first steps touch their memory for the first time, which costs as much as copying it.
  const found = await profile(await open(), config, device === 'webgpu' ? 3 : 8);
  stdout.write(values.json ? `${JSON.stringify({ bench: 'step-profile', ...found })}\n` : `${printed(found)}\n`);
} else {
  const share = only.test('share') ? await shareOfMatmul(await open(), config, rounds) : undefined;
  if (values.json) stdout.write(`${JSON.stringify({ bench: 'step', rows, share })}\n`);
  else {
    const shown = rows.map(({ bench: _, losses, gpu: __, ...row }) => ({ ...row, losses: losses.join(' ') }));
    if (rows.length > 0) console.table(shown);
    const { gpu, ...shared } = share ?? {};
    if (share) console.table([shared]);
    const counted = [
      ...rows,
      ...(share ? [{ ...share, network: 'default run', engine: 'bagssl', platform: 'here' }] : []),
    ];
    const calls = counted.flatMap(({ network, engine, platform, gpu }) =>
      gpu ? [{ network, engine, platform, ...gpu }] : [],
    );
    if (calls.length > 0) console.table(calls);
  }
}
process.exit(0);
