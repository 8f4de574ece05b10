import { duration } from '../progress.ts';
import type { Trained } from './train-all.ts';

/** How the encoders behind a figure were trained. */
export function provenance(trained: readonly Trained[], device: string): string {
  const seeds = [...new Set(trained.map(({ seed }) => seed))];
  const subjects = [...new Map(trained.map(({ subject }) => [subject.id, subject])).values()];
  const { config, patches } = trained[0];
  const { encoder, projector } = config.model;
  const layers = encoder.kind === 'conv' ? ` ${encoder.widths.join('–')}, padding ${encoder.padding ?? 'same'},` : '';
  const spent = trained.reduce((sum, { seconds }) => sum + seconds, 0);
  return `Encoders: ${subjects.map(({ name }) => name).join('; ')}; all ${encoder.kind}${layers} head ${[...projector.hidden, projector.out].join('–')}, ${config.objective.kind}, ${config.optimizer.kind}, ${config.images} images × ${config.views} views a step, ${patches.toLocaleString('en-GB')} patches each; seed${seeds.length === 1 ? '' : 's'} ${seeds.join(', ')}; trained in ${duration(spent)} altogether on ${device}.`;
}
