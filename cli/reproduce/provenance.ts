import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { duration } from '../progress.ts';
import { partName } from '../report/setup.ts';
import type { Trained } from './train-all.ts';

/** How the encoders behind a figure were trained. */
export function provenance(trained: readonly Trained[], device: string): string {
  const seeds = [...new Set(trained.map(({ seed }) => seed))];
  const subjects = [...new Map(trained.map(({ subject }) => [subject.id, subject])).values()];
  const { config, patches } = trained[0];
  const { encoder, projector } = config.model;
  const layers = encoder.kind === 'conv' ? ` ${encoder.widths.join('–')}, padding ${encoder.padding ?? 'same'},` : '';
  const spent = trained.reduce((sum, { seconds }) => sum + seconds, 0);
  return `Encoders: ${subjects.map(({ name }) => name).join('; ')}; all ${encoder.kind}${layers} head ${[...projector.hidden, projector.out].join('–')}, ${partName(config.objective)}, ${partName(config.optimizer)}, ${config.images} images × ${config.views} views per step, ${patches.toLocaleString('en-GB')} patches each; seed${seeds.length === 1 ? '' : 's'} ${seeds.join(', ')}; trained in ${duration(spent)} in all on ${device}.`;
}

/** The commit that this program was built from, marked `-dirty` if files differ; undefined outside a checkout of bagssl. */
export async function commitOfProgram(): Promise<string | undefined> {
  const folder = dirname(dirname(fileURLToPath(import.meta.url)));
  const git = async (...args: string[]) => (await promisify(execFile)('git', ['-C', folder, ...args])).stdout.trim();
  try {
    // Inside another project's checkout, as a dependency, the commit would be the other project's.
    if ((await git('rev-parse', '--show-prefix')) !== '') return undefined;
    return await git('describe', '--always', '--dirty', '--abbrev=12', '--exclude', '*');
  } catch {
    return undefined;
  }
}
