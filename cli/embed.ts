import { rename, writeFile } from 'node:fs/promises';
import { Embedder, parsePlacement, writeNpy } from '../src/index.ts';
import { loadCheckpoint, openData } from '../src/node.ts';
import type { Command } from './options.ts';
import { Progress } from './progress.ts';
import { ENGINE_OPTIONS, engineOptions, interruption, JSON_OPTION, printJson, saySkipped } from './shared.ts';

export const embed: Command = {
  summary: 'write the bag vector of every image as one .npy matrix',
  options: {
    data: {
      type: 'string',
      value: 'PATH',
      required: true,
      help: 'a CIFAR-10 folder, a folder of images, or "builtin"',
    },
    model: { type: 'string', value: 'DIR', required: true, help: 'a folder that "bagssl train" wrote' },
    out: { type: 'string', value: 'FILE.npy', required: true, help: 'float32, one row an image' },
    patches: {
      type: 'string',
      value: 'N|grid|tiles|all',
      help: 'N at random, a grid 5 across, tiles that overlap by half, or every position; default grid',
    },
    images: { type: 'string', value: 'N', help: 'embed the first N images only' },
    ...ENGINE_OPTIONS,
    json: JSON_OPTION,
  },
  async run(values) {
    const progress = new Progress();
    const placement = parsePlacement(values.text('patches') ?? 'grid');
    const { config, state } = await loadCheckpoint(values.text('model')!);
    const images = await openData(values.text('data')!, { limit: values.whole('images', 1) });
    saySkipped(images, progress);
    const started = performance.now();
    const engine = engineOptions(values, progress);
    const embedder = await Embedder.create({ ...engine, model: config.model, recipe: config.recipe, weights: state });
    try {
      const matrix = await embedder.matrix(images, {
        placement,
        signal: interruption(),
        onProgress: (done, total) => progress.show(done / total, `embedding, ${done} of ${total} images`),
      });
      const out = values.text('out')!;
      await writeFile(`${out}.part`, writeNpy(matrix.data, [matrix.rows, matrix.columns]));
      await rename(`${out}.part`, out);
      const seconds = Number(((performance.now() - started) / 1000).toFixed(2));
      progress.clear();
      progress.say(`Wrote ${matrix.rows} vectors of ${matrix.columns} to "${out}" in ${seconds} s.`);
      const { device, threads } = embedder.engine;
      if (values.flag('json'))
        printJson({ images: matrix.rows, dimensions: matrix.columns, seconds, device, threads, out });
    } finally {
      await embedder.dispose();
    }
  },
};
