import { parseArgs } from 'node:util';
import { type BagPlacement, PatchEncoder, parseBagPlacement } from '../src/embed.ts';
import { compact, type ModelConfig } from '../src/encoders.ts';
import { createEmbedder, type Embedder } from '../src/index.ts';
import { type Pixels, presets } from '../src/patches.ts';
import { checkDevice } from '../src/runtime.ts';
import { initialWeights, runConfig } from '../src/train.ts';

/**
 * The cost of embedding from pixels to bag vectors: images a second, time by number of images and patches, and the dense bag
 * compared with cutting its patches one by one. `npm run bench -- embed [--json] [--device D] [--threads N] [--workers N]
 * [--images N] [--patches P] [--rounds N] [--encoder FILE] [--only rate,linear,dense,memory]`. Pixels are generated; time does not depend on them.
 */
const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    json: { type: 'boolean', default: false },
    device: { type: 'string', default: 'wasm' },
    threads: { type: 'string', default: '1' },
    workers: { type: 'string', default: '0' },
    images: { type: 'string', default: '200' },
    patches: { type: 'string', default: 'grid' },
    rounds: { type: 'string', default: '5' },
    encoder: { type: 'string', default: 'models/cifar10.safetensors' },
    only: { type: 'string', default: 'rate,linear,dense' },
  },
});
const [threads, workers, rounds, count] = [values.threads, values.workers, values.rounds, values.images].map(Number);
const engine = { device: checkDevice(values.device), threads, workers };
const wanted = values.only.split(',');

const picture = (side: number, seed: number): Pixels => {
  const data = new Uint8Array(3 * side * side);
  for (let i = 0, state = seed + 1; i < data.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    data[i] = state >>> 24;
  }
  return { data, width: side, height: side, layout: 'planar' };
};
const small = Array.from({ length: 256 }, (_, k) => picture(32, k));
const pictures = (length: number) => Array.from({ length }, (_, k) => small[k % small.length]);

function untrained(model: ModelConfig, scale: number, size = 16): PatchEncoder {
  const recipe = { ...presets.cifar16, size, scale: [scale, scale] as const };
  const config = runConfig({ model, recipe, budget: { steps: 1 } });
  return new PatchEncoder({ model, recipe, weights: initialWeights(config) });
}

const conv = { kind: 'conv', residual: false, padding: 'valid' } as const;
/** Encoders without padding, of stride 4: 16 → 14 → 6 → 4 → 1 px, and 32 → 30 → 14 → 12 → 5 → 3. */
const valid: ModelConfig = { ...compact, encoder: { ...conv, widths: [32, 64, 64, 128], strides: [1, 2, 1, 2] } };
const valid32: ModelConfig = {
  ...compact,
  encoder: { ...conv, widths: [32, 64, 64, 128, 128], strides: [1, 2, 1, 2, 1] },
};

/** Seconds for each task: the median over rounds, in which the tasks take turns. */
async function seconds(works: readonly (() => Promise<unknown>)[]): Promise<number[]> {
  const times = works.map(() => [] as number[]);
  for (let round = -1; round < rounds; round++) {
    for (const [k, work] of works.entries()) {
      const started = performance.now();
      await work();
      if (round >= 0) times[k].push((performance.now() - started) / 1000);
    }
  }
  return times.map((list) => list.sort((a, b) => a - b)[list.length >> 1]);
}

const results: Record<string, unknown>[] = [];
function report(row: Record<string, unknown>): void {
  const round = (_: string, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(4)) : value);
  results.push(JSON.parse(JSON.stringify({ bench: 'embed', ...engine, ...row }, round)));
  if (!values.json)
    console.log(
      Object.entries(results.at(-1)!)
        .map(([key, value]) => `${key} ${value}`)
        .join(', '),
    );
}

const encoders: Record<string, () => Promise<Embedder>> = {
  [values.encoder]: () => createEmbedder({ ...engine, encoder: values.encoder }),
  'without padding': () => createEmbedder({ ...engine, encoder: untrained(valid, 0.25) }),
};

if (wanted.includes('rate')) {
  for (const [encoder, open] of Object.entries(encoders)) {
    const embedder = await open();
    const placements = [values.patches, 'grid3', ...(encoder === 'without padding' ? ['dense'] : [])];
    for (const patches of new Set(placements)) {
      const placement = parseBagPlacement(patches);
      const [s] = await seconds([() => embedder.matrix(pictures(count), { placement })]);
      const { count: each } = await embedder.bag(small[0], { placement });
      report({ what: 'rate', encoder, patches: each, placement: patches, images: count, images_per_second: count / s });
    }
    await embedder.dispose();
  }
}

if (wanted.includes('linear')) {
  const embedder = await Object.values(encoders)[0]();
  const cases: { images: number; placement: BagPlacement; patches: number }[] = [
    [count / 4, 5],
    [count / 2, 5],
    [count, 5],
    [count, 3],
    [count, 7],
  ].map(([images, across]) => ({ images, placement: { kind: 'grid', across }, patches: across * across }));
  const times = await seconds(
    cases.map(
      ({ images, placement }) =>
        () =>
          embedder.matrix(pictures(images), { placement }),
    ),
  );
  cases.forEach(({ images, patches }, k) => {
    report({ what: 'linear', images, patches, seconds: times[k], us_per_patch: (1e6 * times[k]) / images / patches });
  });
  await embedder.dispose();
}

if (wanted.includes('dense')) {
  const photo = picture(224, 1);
  for (const [model, size, feature] of [
    [valid, 16, 'preFeature'],
    [valid, 16, 'embedding'],
    [valid32, 32, 'preFeature'],
    [valid32, 32, 'embedding'],
  ] as const) {
    const embedder = await createEmbedder({
      ...engine,
      encoder: untrained(model, (size / 224) ** 2, size).with({ feature }),
    });
    const stride = await embedder.denseStride();
    const cut: BagPlacement = { kind: 'all', stride };
    const [dense, one] = await seconds([
      () => embedder.matrix([photo], { placement: { kind: 'dense' } }),
      () => embedder.matrix([photo], { placement: cut }),
    ]);
    const { count: patches } = await embedder.bag(photo, { placement: cut });
    report({
      what: 'dense',
      size,
      feature,
      patches,
      stride,
      dense_s: dense,
      cut_s: one,
      times: one / dense,
    });
    await embedder.dispose();
  }
}

if (wanted.includes('memory')) {
  const embedder = await Object.values(encoders)[0]();
  async function* many(length: number) {
    for (let k = 0; k < length; k++) yield small[k % small.length];
  }
  let done = 0;
  for await (const _ of embedder.bags(many(count), { placement: { kind: 'grid', across: 1 } })) {
    if (++done % Math.ceil(count / 10) !== 0) continue;
    (globalThis as { gc?: () => void }).gc?.();
    report({ what: 'memory', images: done, rss_mib: process.memoryUsage().rss / 1024 ** 2 });
  }
  await embedder.dispose();
}
if (values.json) console.log(JSON.stringify(results, null, 2));
process.exit(0);
