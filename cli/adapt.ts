import { join } from 'node:path';
import { PatchEncoder } from '../src/embed.ts';
import { onnxFiles, openOnnxEncoder } from '../src/node.ts';
import { adaptEncoder, adaptOnnx } from '../src/train.ts';
import { UsageError, type Values } from './command.ts';
import { checkFree, exists, save } from './files.ts';
import { openImages } from './folder-options.ts';
import { openModel } from './model.ts';
import { isOnnx } from './onnx-encoder.ts';
import { duration, Progress } from './progress.ts';
import { engineOptions, interruption, printJson } from './shared.ts';

/** Options that say how a network is trained, step by step. */
const OF_STEPS = [
  ...['minutes', 'steps', 'views', 'batch', 'preset', 'encoder', 'batch-norm', 'encoder-output', 'encoder-size'],
  ...['objective', 'slices', 'precision', 'rate'],
];

/** Of them those that say how an .onnx file is run. */
const OF_FILES = ['encoder-output', 'encoder-size'];

/** `train --from`: an encoder learns from images in closed form. */
export async function adapt(values: Values): Promise<void> {
  const progress = new Progress();
  const [from, out] = [values.text('from')!, values.text('out')!];
  const isFile = isOnnx(from);
  const step = OF_STEPS.find((name) => values.text(name) !== undefined && !(isFile && OF_FILES.includes(name)));
  if (step)
    throw new UsageError(
      `--${step} is for a network that is trained step by step; --from learns in closed form. Leave one out.`,
    );
  if (values.flag('resume'))
    throw new UsageError('--from learns in one go, so there is nothing to resume; start it again.');
  const files = {
    encoder: join(out, isFile ? 'encoder.onnx' : 'encoder.safetensors'),
    learnt: join(out, 'learnt.json'),
    ...(isFile && { config: join(out, 'preprocessor_config.json') }),
  };
  if (await exists(join(out, 'run.json'))) throw new UsageError(`"${out}" holds a run; choose another --out.`);
  await checkFree(Object.values(files), values.flag('overwrite'));
  const file = isFile
    ? await openOnnxEncoder(from, {
        onnx: { output: values.text('encoder-output'), input: { size: values.number('encoder-size') } },
        onProgress: (done, total) => progress.show(done / total, 'fetching the encoder'),
      })
    : undefined;
  if (file) progress.say([file.describe(), ...file.notes].join(' '));
  const start = file || from === 'shipped' ? undefined : (await openModel(from)).encoder;
  const { images, sayUnreadable } = await openImages(values.text('data')!, values, progress, {
    ...(values.flag('hold-out') && { split: 'train' }),
    limit: values.number('images'),
    ...(file && { shortSide: file.shortSide(file.placement) }),
  });
  const seed = values.number('seed') ?? 0;
  const began = performance.now();
  const options = {
    ...engineOptions(values, progress),
    ...{ images, seed, signal: interruption() },
    onProgress: (stage: string, share: number) => progress.show(share, stage),
  };
  const found = file
    ? await adaptOnnx({ ...options, encoder: file })
    : await adaptEncoder({ ...options, encoder: start });
  progress.clear();
  sayUnreadable();
  const seconds = Number(((performance.now() - began) / 1000).toFixed(1));
  const { encoder, gained, before, after, reason } = found;
  const learnt = {
    from: await found.from.digest(),
    images: found.images,
    ...{ seed, gained, seconds, before, after, reason, encoder: await encoder.digest() },
  };
  if (encoder instanceof PatchEncoder) await save(files.encoder, await encoder.write());
  else for (const [name, bytes] of Object.entries(onnxFiles(encoder))) await save(join(out, name), bytes);
  await save(files.learnt, `${JSON.stringify(learnt, null, 1)}\n`);
  if (gained) {
    const share = (one: number) => `${(100 * one).toFixed(0)} %`;
    progress.say(
      `Learnt from ${found.images} images in ${duration(seconds)}. Of images that it had not learnt from, altered copies find ${share(after!.neighbours)} of the 5 nearest again (${share(before!.neighbours)} before) and ${share(after!.originals)} of the originals (${share(before!.originals)}).`,
    );
  } else progress.say(`${reason} The encoder stays as it was.`);
  progress.say(`Kept in "${out}"; use it with ${isFile ? `--encoder ${files.encoder}` : `--model ${out}`}.`);
  if (values.flag('json')) printJson({ ...learnt, out });
}
