// Wrote the files beside it with bagssl 0.1.0, whose formats every later version must read (test/training/v0.1.0.test.ts).
// To repeat it: check out v0.1.0, npm ci, and run this there with the built dist/:  node make.mjs PATH/TO/dist OUT
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [dist, out] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(resolve(dist, `${name}.js`)).href);
const { createEmbedder, Embedder, fit, SearchIndex } = await load('index');
const { Whitening, writeEncoder } = await load('embed');
const { initialWeights, runConfig } = await load('train');
const { builtinScenes } = await load('data');
const { saveCheckpoint } = await load('node');
const { exportEncoder } = await load('export');
const { Runtime } = await load('runtime');

const engine = { device: 'native', threads: 1, workers: 0 };
const data = builtinScenes({ count: 24, seed: 1 });
const images = await Promise.all([0, 1, 2].map((index) => data.image(index)));
const placement = { kind: 'grid', across: 2 };
const conv = { kind: 'conv', widths: [4, 8], strides: [1, 2], residual: false };
const projector = { hidden: [16], out: 8 };
const tiny = { seed: 1, model: { size: 16, encoder: conv, projector }, images: 4, views: 2, warmup: 2, budget: { steps: 6 } };

/** An .onnx file as a user might bring one. */
const own = () => {
  const config = runConfig(tiny);
  const model = exportEncoder({ model: config.model, weights: initialWeights(config), feature: 'embedding' });
  return { kind: 'onnx', name: 'tiny.onnx', model, batchNorm: 'train' };
};

const RUNS = {
  // Every part of a recipe; the default optimiser and objective; an average of the weights.
  lars: {
    ...tiny,
    averaging: 0.9,
    schedule: { name: 'step', at: [0.6], factor: 0.1 },
    recipe: {
      size: 16,
      scale: [0.2, 0.6],
      ratio: [0.75, 1.33],
      interpolation: 'bicubic',
      flip: 0.5,
      jitter: { probability: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1 },
      greyscale: 0.2,
      blur: { probability: 0.5, kernel: 3, sigma: [0.1, 2] },
      solarise: { probability: 0.2, threshold: 0.5 },
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
      views: [{}, { flip: 0, solarise: { probability: 0.8, threshold: 0.5 } }],
    },
  },
  // A target network, a predictor and AdamW's moments.
  byol: {
    ...tiny,
    objective: { name: 'byol', momentum: 0.9, hidden: 8 },
    optimizer: { name: 'adamw' },
    rate: 0.001,
    schedule: { name: 'constant' },
  },
  // Another optimiser and objective, slices, an encoder from an .onnx file.
  onnx: {
    ...tiny,
    model: { size: 16, encoder: own(), projector },
    objective: { name: 'vicreg' },
    optimizer: { name: 'sgd' },
    rate: 0.001,
    slices: 2,
  },
};

async function vectorsOf(embedder, options = { placement }) {
  const vectors = [];
  for (const image of images) vectors.push([...(await embedder.embed(image, options))]);
  await embedder.dispose();
  return vectors;
}

async function whiteningOf({ config, state }) {
  const embedder = await Embedder.create({ ...engine, model: config.model, recipe: config.recipe, weights: state, placement });
  const vectors = await embedder.matrix(data);
  await embedder.dispose();
  return Whitening.fit(await Runtime.open(engine), vectors);
}

await mkdir(out, { recursive: true });
const expected = { runs: {}, encoders: {} };
const checkpoints = {};
for (const [name, run] of Object.entries(RUNS)) {
  const training = fit({ ...engine, data, run, reportEvery: 1 });
  for await (const { step } of training) if (step === 3) break;
  const checkpoint = await training.checkpoint();
  checkpoints[name] = checkpoint;
  await rm(join(out, `run-${name}`), { recursive: true, force: true });
  await saveCheckpoint(join(out, `run-${name}`), checkpoint);
  for await (const _ of training);
  const { model, recipe } = checkpoint.config;
  const embedder = await Embedder.create({ ...engine, model, recipe, weights: checkpoint.state });
  expected.runs[name] = {
    vectors: await vectorsOf(embedder),
    losses: training.history.slice(3).map(({ loss }) => loss),
  };
  await training.dispose();
}

const { config, state } = checkpoints.lars;
const encoder = { model: config.model, recipe: config.recipe, weights: state, feature: 'preFeature', placement };
const files = {
  plain: writeEncoder({ ...encoder, feature: 'embedding', placement: { kind: 'tiles', overlap: 0.5 } }),
  whitened: writeEncoder({ ...encoder, whitening: await whiteningOf(checkpoints.lars) }),
};
for (const [name, bytes] of Object.entries(files)) {
  await writeFile(join(out, `encoder-${name}.safetensors`), bytes);
  // Where its patches lie is what its file says.
  expected.encoders[name] = await vectorsOf(await createEmbedder({ ...engine, encoder: bytes }), {});
}

const vectors = expected.encoders.whitened;
const index = new SearchIndex(vectors[0].length);
vectors.forEach((vector, row) => index.add(`image ${row}`, Float32Array.from(vector)));
await writeFile(join(out, 'index.safetensors'), index.save());
expected.found = index.search(Float32Array.from(vectors[1]), 3);
const rounded = JSON.stringify(expected, (_, value) => (typeof value === 'number' ? Number(value.toPrecision(8)) : value), 1);
await writeFile(join(out, 'expected.json'), `${rounded.replace(/\n\s+(?=-?\d)/g, ' ').replace(/(\d)\n\s+\]/g, '$1 ]')}\n`);
process.exit(0);
