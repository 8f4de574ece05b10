// Training with the split step on 1, 2 and 4 ranks of Open MPI: the same losses to 1e-4.
import { rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { aptInstall, canInstall } from '../../scripts/lib/debian.mjs';
import { node, run } from '../../scripts/lib/run.mjs';

const here = resolve('examples/scale/train');
const STEPS = 5;
const mpirun = (args, options) =>
  run('mpirun', args, { ...options, env: { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' } });

/** Whether Open MPI is there, or has been installed. */
export async function hasMpi() {
  const isThere = async () => (await mpirun(['--version'], { quiet: true })).status === 0;
  return (await isThere()) || (canInstall() && (await aptInstall('openmpi-bin')) && (await isThere()));
}

/** Trains; returns what was found, as a sentence. @throws where the losses differ */
export async function checkTraining(root, photos) {
  const folder = join(root, 'train');
  rmSync(folder, { recursive: true, force: true });
  const cli = async (...args) => {
    const { status, output } = await node(['dist/cli.js', ...args], { held: true, quiet: true });
    if (status !== 0) throw new Error(`bagssl ${args[0]} ended with ${status}.\n${output}`);
  };
  const shape = ['--steps', '1', '--batch', '16', '--views', '4', '--workers', '0'];
  await cli('train', '--data', photos, '--out', join(folder, 'run'), ...shape);
  const what = ['--what', 'gradient,update', '--slices', '4', '--fresh'];
  await cli('export', '--model', join(folder, 'run'), ...what, '--out', join(folder, 'step'));
  const losses = [];
  for (const ranks of [1, 2, 4]) {
    const step = join(folder, `ranks-${ranks}`);
    await cp(join(folder, 'step'), step, { recursive: true });
    const program = [join(here, '.venv/bin/python'), join(here, 'train.py'), step, photos, '--steps', String(STEPS)];
    const { status, output } = await mpirun(['--oversubscribe', '-n', String(ranks), ...program], { capture: true });
    if (status !== 0) throw new Error(`train.py on ${ranks} ranks ended with ${status}.\n${output}`);
    const found = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).loss);
    if (found.length !== STEPS) throw new Error(`train.py on ${ranks} ranks took ${found.length} steps.`);
    losses.push(found);
  }
  const [alone, ...others] = losses;
  const furthest = Math.max(...others.flatMap((list) => list.map((loss, k) => Math.abs(loss / alone[k] - 1))));
  if (!(furthest < 1e-4)) throw new Error(`The losses differ by ${furthest}: ${JSON.stringify(losses)}`);
  return `2 and 4 ranks have the losses of 1 to ${furthest.toExponential(1)}: ${alone.map((loss) => loss.toFixed(3)).join(', ')}`;
}
