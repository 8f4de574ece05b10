import { rename, rm } from 'node:fs/promises';
import { type ImageSet, parseShard, type Shard } from '../src/data.ts';
import { FEATURES, parseBagPlacement } from '../src/embed.ts';
import { createEmbedder } from '../src/index.ts';
import { embedToFile, idsFile } from '../src/node.ts';
import { type Command, oneOf, parsedBy, type Rule, UsageError, whole } from './command.ts';
import { checkFree } from './files.ts';
import { FOLDER_OPTIONS, openImages } from './folder-options.ts';
import { LAYOUT_OPTION, MODEL_OPTION, openModel, placementOf } from './model.ts';
import { encoderAddress, ONNX_OPTIONS, onnxEncoder } from './onnx-encoder.ts';
import { Pace, Progress } from './progress.ts';
import { DATA_OPTION, ENGINE_OPTIONS, engineOptions, interruption, JSON_OPTION, printJson } from './shared.ts';

const MATRIX_FILE: Rule = { asked: 'a file .npy or .parquet', fits: (file) => /\.(npy|parquet)$/i.test(file) };

/** Every image is needed once: the cache is for those read ahead. */
const ONE_PASS = 64 * 1024 ** 2;

export const embed: Command = {
  summary: 'write the bag vector of every image as one .npy or .parquet file',
  options: {
    data: DATA_OPTION,
    model: { ...MODEL_OPTION, required: false },
    ...ONNX_OPTIONS,
    out: {
      value: 'FILE',
      rule: MATRIX_FILE,
      required: true,
      help: '.npy: float32, one row an image, and .ids.json with the files of the rows; .parquet: id, file, class, vector. An unfinished file is resumed',
    },
    patches: {
      value: 'N|grid|tiles|all|dense|whole',
      rule: parsedBy(parseBagPlacement),
      help: 'N at random, a grid 5 across, tiles that overlap by half, every position, a dense bag, or the whole image as one; default grid, for an .onnx file whole',
    },
    feature: {
      value: 'NAME',
      rule: oneOf(FEATURES),
      help: `${FEATURES.join(', ')}; default preFeature, or what the encoder's file says`,
    },
    layout: LAYOUT_OPTION,
    images: { value: 'N', rule: whole(1), help: 'embed N images only, the first of each folder in turn' },
    shard: {
      value: 'I/N',
      rule: parsedBy(parseShard),
      help: 'part I (from 1) of N, with its number in the name of FILE; the parts joined are the whole, bit for bit',
    },
    labels: {
      help: 'take the first folder that an image is in as its class, the column class of .parquet; images in none are left out',
    },
    ...FOLDER_OPTIONS,
    ...ENGINE_OPTIONS,
    overwrite: { help: 'replace what is there' },
    json: JSON_OPTION,
  },
  async run(values) {
    const progress = new Progress();
    const patches = values.text('patches');
    const text = values.text('shard');
    const shard = text === undefined ? undefined : parseShard(text);
    const feature = values.choice('feature', FEATURES);
    const engine = engineOptions(values, progress);
    const out = named(values.text('out')!, shard);
    const labels = values.flag('labels');
    if (labels && !isParquet(out)) throw new UsageError(`--labels is for a .parquet file; "${out}" keeps no classes.`);
    await checkFree(isParquet(out) ? [out] : [out, idsFile(out)], values.flag('overwrite'));
    const own = await onnxEncoder(values, progress, patches === undefined ? undefined : parseBagPlacement(patches));
    const encoder = own ?? (await openModel(encoderAddress(values), { feature }, values)).encoder;
    const placement = placementOf(encoder, patches, 'grid');
    const { images, sayUnreadable } = await openImages(values.text('data')!, values, progress, {
      whole: true,
      labels,
      limit: values.number('images'),
      shard,
      cacheBytes: ONE_PASS,
      ...(own && { shortSide: own.shortSide(placement) }),
    });
    const started = performance.now();
    const embedder = await createEmbedder({ ...engine, encoder });
    try {
      const pace = new Pace();
      const { rows, resumed, skipped } = await embedToFile(embedder, images, out, {
        placement,
        signal: interruption(),
        onProgress: (done, total) => progress.show(done / total, `embedding, ${pace.describe(done, total, 'images')}`),
        ...(isParquet(out) && { finish: (part, images) => asParquet(part, out, images, embedder.width) }),
      });
      const seconds = Number(((performance.now() - started) / 1000).toFixed(2));
      progress.clear();
      sayUnreadable();
      const before = resumed ? `, ${resumed} of them before` : '';
      progress.say(
        `Wrote ${rows} vectors of ${embedder.width} to "${out}" in ${seconds} s${before}.${isParquet(out) ? '' : ` Its rows are named in "${idsFile(out)}".`}`,
      );
      const { device, threads } = embedder.engine;
      if (values.flag('json'))
        printJson({
          images: rows,
          unreadable: skipped.length,
          resumed,
          dimensions: embedder.width,
          seconds,
          device,
          threads,
          out,
        });
    } finally {
      await embedder.dispose();
    }
  },
};

const isParquet = (file: string) => /\.parquet$/i.test(file);

/** The file of a shard, such as vectors-00003-of-00008.npy for vectors.npy. */
function named(file: string, shard: Shard | undefined): string {
  if (!shard) return file;
  const [index, count] = [shard.index, shard.count].map((k) => String(k).padStart(5, '0'));
  return file.replace(/\.\w+$/, (ending) => `-${index}-of-${count}${ending}`);
}

async function asParquet(npy: string, out: string, images: ImageSet, width: number): Promise<void> {
  const { writeParquet } = await import('./parquet.ts');
  await writeParquet(npy, `${out}.new`, images, width);
  await rename(`${out}.new`, out);
  await rm(npy);
}
