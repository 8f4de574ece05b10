import { parseArgs } from 'node:util';
import { checkDevice, type PrecisionChoice, Runtime, runConfig } from '../src/index.ts';
import { printed, profile } from './step/profile.ts';
import { shareOfMatmul } from './step/share.ts';

/**
 * Speed of a training step: `npm run bench -- step [--device D] [--threads N] [--images N] [--views N] [--precision P]
 * [--rounds N] [--json]`, and what its time goes into: `npm run bench -- step --profile [--device D] [--json]`. With
 * `--deno` for WebGPU.
 */
const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    profile: { type: 'boolean', default: false },
    device: { type: 'string', default: 'wasm' },
    threads: { type: 'string' },
    images: { type: 'string' },
    views: { type: 'string' },
    precision: { type: 'string', default: 'float32' },
    rounds: { type: 'string', default: '9' },
    json: { type: 'boolean', default: false },
  },
});
const threads = values.threads ? Number(values.threads) : undefined;
const runtime = await Runtime.open({ device: checkDevice(values.device), threads });
const defaults = runConfig({ budget: { steps: 1 }, precision: values.precision as PrecisionChoice });
const config = {
  ...defaults,
  images: Number(values.images ?? defaults.images),
  views: Number(values.views ?? defaults.views),
};

if (values.profile) {
  const found = await profile(runtime, config, 3);
  process.stdout.write(
    values.json ? `${JSON.stringify({ bench: 'step-profile', ...found })}\n` : `${printed(found)}\n`,
  );
} else {
  const result = await shareOfMatmul(runtime, config, Number(values.rounds));
  if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else console.table([result]);
}
process.exit(0);
