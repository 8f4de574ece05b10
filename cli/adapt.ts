import { join } from 'node:path';
import { adaptEncoder } from '../src/train.ts';
import { UsageError, type Values } from './command.ts';
import { checkFree, exists, save } from './files.ts';
import { openImages } from './folder-options.ts';
import { openModel } from './model.ts';
import { duration, Progress } from './progress.ts';
import { engineOptions, interruption, printJson } from './shared.ts';

/** Options that say how a network is trained, step by step. */
const OF_STEPS = [
  ...['minutes', 'steps', 'views', 'batch', 'preset', 'encoder', 'batch-norm', 'encoder-output', 'encoder-size'],
  ...['objective', 'slices', 'precision', 'rate'],
];

/** `train --from`: an encoder learns from images in closed form. */
export async function adapt(values: Values): Promise<void> {
  const progress = new Progress();
  const [from, out] = [values.text('from')!, values.text('out')!];
  const step = OF_STEPS.find((name) => values.text(name) !== undefined);
  if (step)
    throw new UsageError(
      `--${step} is for a network that is trained step by step; --from learns in closed form. Leave one out.`,
    );
  if (values.flag('resume'))
    throw new UsageError('--from learns in one go, so there is nothing to resume; start it again.');
  const files = { encoder: join(out, 'encoder.safetensors'), learnt: join(out, 'learnt.json') };
  if (await exists(join(out, 'run.json'))) throw new UsageError(`"${out}" holds a run; choose another --out.`);
  await checkFree(Object.values(files), values.flag('overwrite'));
  const start = from === 'shipped' ? undefined : (await openModel(from)).encoder;
  const { images, sayUnreadable } = await openImages(values.text('data')!, values, progress, {
    ...(values.flag('hold-out') && { split: 'train' }),
    limit: values.number('images'),
  });
  const seed = values.number('seed') ?? 0;
  const began = performance.now();
  const found = await adaptEncoder({
    ...engineOptions(values, progress),
    ...{ images, seed, encoder: start, signal: interruption() },
    onProgress: (stage, share) => progress.show(share, stage),
  });
  progress.clear();
  sayUnreadable();
  const seconds = Number(((performance.now() - began) / 1000).toFixed(1));
  const { encoder, gained, before, after, reason } = found;
  const learnt = {
    from: await found.from.digest(),
    images: found.images,
    ...{ seed, gained, seconds, before, after, reason, encoder: await encoder.digest() },
  };
  await save(files.encoder, await encoder.write());
  await save(files.learnt, `${JSON.stringify(learnt, null, 1)}\n`);
  if (gained) {
    const share = (one: number) => `${(100 * one).toFixed(0)} %`;
    progress.say(
      `Learnt from ${found.images} images in ${duration(seconds)}. Of images that it had not learnt from, altered copies find ${share(after!.neighbours)} of the 5 nearest again (${share(before!.neighbours)} before) and ${share(after!.originals)} of the originals (${share(before!.originals)}).`,
    );
  } else progress.say(`${reason} The encoder stays as it was.`);
  progress.say(`Kept in "${out}"; use it with --model ${out}.`);
  if (values.flag('json')) printJson({ ...learnt, out });
}
