import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ImageSet } from '../../src/data.ts';
import { type EncoderParts, FEATURES, PatchEncoder, Whitening } from '../../src/embed.ts';
import type { ModelConfig } from '../../src/encoders.ts';
import { type ExportEmbedderOptions, exportEmbedder, exportEncoder, exportWeights } from '../../src/export.ts';
import { readSafetensors } from '../../src/formats.ts';
import type { BagsslError } from '../../src/index.ts';
import type { Placement, Recipe } from '../../src/patches.ts';
import { initialWeights, runConfig } from '../../src/train.ts';
import { rule } from '../support/golden.ts';
import { openEmbedder } from '../support/open-embedder.ts';
import { ownConfig, ownEncoders } from '../support/own-encoders.ts';
import { SHORT_RUN } from '../support/short-training.ts';

// biome-ignore lint/suspicious/noExplicitAny: optional modules, loaded without their types.
type Ort = any;
/** ONNX Runtime as others have it: no part of this package stands between it and the file. */
const engines: Record<string, Ort> = {
  native: await import('onnxruntime-node'),
  wasm: await import('onnxruntime-web' as string),
};
engines.wasm.env.wasm.numThreads = 1;

async function run(ort: Ort, model: Uint8Array, name: string, data: Uint8Array | Float32Array, shape: number[]) {
  const session = await ort.InferenceSession.create(model);
  assert.deepEqual(session.inputNames, [name]);
  const type = data instanceof Uint8Array ? 'uint8' : 'float32';
  const results = await session.run({ [name]: new ort.Tensor(type, data, shape) });
  await session.release();
  const [output] = Object.values(results) as { data: Float32Array; dims: number[] }[];
  return { names: Object.keys(results), ...output, data: output.data, dims: output.dims };
}

/** Noise that no smooth filter can hide, red, green and blue beside each other. */
const noise = (count: number, width: number, height: number) =>
  Uint8Array.from(rule(count + 7 * width + height, [count, height, width, 3]), (v) => (v + 1) * 127.9);

const setOf = (data: Uint8Array, width: number, height: number): ImageSet => ({
  name: 'noise',
  length: data.length / (3 * width * height),
  image: (index) => ({
    data: data.subarray(index * 3 * width * height, (index + 1) * 3 * width * height),
    width,
    height,
    layout: 'rgb',
  }),
});

const config = runConfig({ ...SHORT_RUN, budget: { steps: 1 } });
const base = { model: config.model, recipe: config.recipe, weights: initialWeights(config) };
const recipe = (changes: Partial<Recipe>): Recipe => ({ ...config.recipe, ...changes });
const GRID: Placement = { kind: 'grid', across: 3 };

const ownNetwork = (file: string): [model: ModelConfig, size: number] => {
  const own = ownEncoders.find((one) => one.file === file)!;
  return [{ ...config.model, encoder: ownConfig(own) }, own.size];
};

function distance(found: Float32Array, expected: Float32Array): number {
  assert.equal(found.length, expected.length);
  const size = Math.max(...expected.map(Math.abs));
  assert.ok(size > 1e-3, `the vectors are nearly zero (${size})`);
  return Math.max(...expected.map((v, i) => Math.abs(found[i] - v))) / size;
}

/** Largest difference between what the file gives and what `Embedder` gives, relative to the largest element. */
async function compare(
  options: EncoderParts & { placement?: Placement } & Omit<ExportEmbedderOptions, 'placement'>,
  engine: Ort,
  count = 3,
): Promise<number> {
  const { width, height, placement, unit, pixels, ...parts } = options;
  const bytes = noise(count, width, height);
  const embedder = await openEmbedder({ ...parts, device: 'native', threads: 1, workers: 0 });
  const expected = await embedder.matrix(setOf(bytes, width, height), { placement });
  await embedder.dispose();
  const data = options.pixels === 'float32' ? Float32Array.from(bytes) : bytes;
  const bag = await run(
    engine,
    exportEmbedder(new PatchEncoder(parts), { width, height, placement, unit, pixels }),
    'images',
    data,
    [count, height, width, 3],
  );
  assert.deepEqual([bag.names, bag.dims], [['bag'], [count, expected.columns]]);
  return distance(bag.data, expected.data);
}

describe('an exported embedder gives the vectors of Embedder, to 1e-4', () => {
  const cases: Record<string, ExportEmbedderOptions & Partial<Pick<EncoderParts, 'recipe'>>> = {
    'whole pixels copied': { width: 16, height: 16, placement: GRID },
    'patches enlarged': { width: 11, height: 9, placement: GRID },
    'patches shrunk, a grid closer than a pixel': { width: 40, height: 25, placement: { kind: 'grid', across: 17 } },
    'tiles, bicubic': {
      width: 30,
      height: 21,
      placement: { kind: 'tiles', overlap: 0.5 },
      recipe: recipe({ interpolation: 'bicubic' }),
    },
    'every position of three scales': {
      width: 18,
      height: 16,
      placement: { kind: 'all', stride: 3, scales: [0.25, 0.1, 1] },
      recipe: recipe({ mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4] }),
    },
    'float32 pixels': { width: 13, height: 16, placement: GRID, pixels: 'float32' },
  };
  for (const [name, options] of Object.entries(cases)) {
    for (const engine of ['native', 'wasm'] as const) {
      it(`${name}, on ${engine}`, async () => {
        const difference = await compare({ ...base, ...options }, engines[engine]);
        assert.ok(difference < 1e-4, `${difference}`);
      });
    }
  }

  it('every feature, and the embedding of a ViT and of an own network with a class token', async () => {
    for (const feature of FEATURES) {
      const difference = await compare({ ...base, width: 12, height: 12, placement: GRID, feature }, engines.native);
      assert.ok(difference < 1e-4, `${feature}: ${difference}`);
    }
    const vit = { kind: 'vit', patch: 4, width: 12, depth: 2, heads: 2, mlpRatio: 2 } as const;
    const models = [[{ ...config.model, encoder: vit }, 8] as const, ...['vit', 'mobilenet-v2'].map(ownNetwork)];
    for (const [model, size] of models) {
      const run = runConfig({ ...SHORT_RUN, model, recipe: recipe({ size }), budget: { steps: 1 } });
      const options = { model, recipe: run.recipe, weights: initialWeights(run), width: 40, height: 36 };
      for (const engine of Object.values(engines)) {
        const difference = await compare({ ...options, placement: GRID, feature: 'embedding' }, engine);
        assert.ok(difference < 1e-4, `${model.encoder.kind}: ${difference}`);
      }
    }
  });

  it('whitened', async () => {
    const width = 16;
    const matrix = Float32Array.from(rule(3, [width * width]));
    const whitening = new Whitening(Float32Array.from(rule(4, [width])), matrix);
    const options = { ...base, whitening, feature: 'embedding', width: 12, height: 12, placement: GRID } as const;
    for (const engine of Object.values(engines)) {
      const difference = await compare(options, engine);
      assert.ok(difference < 1e-4, `${difference}`);
    }
  });

  it('is brought to length 1 where that is asked for', async () => {
    const [plain, unit] = await Promise.all(
      [false, true].map((unit) =>
        run(
          engines.native,
          exportEmbedder(new PatchEncoder(base), { width: 16, height: 16, placement: GRID, unit }),
          'images',
          noise(2, 16, 16),
          [2, 16, 16, 3],
        ),
      ),
    );
    for (let k = 0; k < 2; k++) {
      const [a, b] = [plain, unit].map(({ data, dims }) => data.subarray(k * dims[1], (k + 1) * dims[1]));
      const length = Math.hypot(...a);
      assert.ok(Math.abs(length - 1) > 0.01);
      assert.ok(
        distance(
          b,
          a.map((v) => v / length),
        ) < 1e-5,
      );
    }
  });
});

describe('an exported encoder', () => {
  it('takes a batch of any size, and gives each patch the same vector', async () => {
    const model = exportEncoder(new PatchEncoder({ ...base, feature: 'projection' }));
    const patches = Float32Array.from(rule(5, [20, 3, 8, 8]));
    const all = await run(engines.native, model, 'patches', patches, [20, 3, 8, 8]);
    assert.deepEqual([all.names, all.dims], [['projection'], [20, 16]]);
    const one = await run(engines.wasm, model, 'patches', patches.subarray(19 * 192), [1, 3, 8, 8]);
    assert.ok(distance(one.data, all.data.subarray(19 * 16)) < 1e-4);
  });

  it('whitens where its encoder does, and its weights hold the whitening', async () => {
    const whitening = new Whitening(Float32Array.from(rule(4, [16])), Float32Array.from(rule(3, [256])));
    const plain = new PatchEncoder({ ...base, feature: 'embedding' });
    const white = plain.with({ whitening });
    const patches = Float32Array.from(rule(5, [2, 3, 8, 8]));
    const [before, after] = await Promise.all(
      [plain, white].map((encoder) => run(engines.native, exportEncoder(encoder), 'patches', patches, [2, 3, 8, 8])),
    );
    for (const k of [0, 1]) {
      const expected = whitening.apply(before.data.subarray(16 * k, 16 * (k + 1)));
      assert.ok(distance(after.data.subarray(16 * k, 16 * (k + 1)), expected) < 1e-4);
    }
    const { tensors } = readSafetensors(exportWeights(white));
    assert.deepEqual(tensors['whitening.matrix'].data, whitening.matrix);
    assert.ok(!('whitening.matrix' in readSafetensors(exportWeights(plain)).tensors));
  });

  it('has the weights of its feature alone, where it was read from its own file', async () => {
    const whole = new PatchEncoder({ ...base, feature: 'preFeature' });
    const read = await PatchEncoder.read(await whole.write());
    const names = (encoder: PatchEncoder) => Object.keys(readSafetensors(exportWeights(encoder)).tensors);
    assert.ok(names(whole).includes('projector.1.linear.weight'));
    assert.ok(names(read).includes('projector.0.linear.weight') && !names(read).includes('projector.1.linear.weight'));
  });
});

describe('what cannot be exported is refused, naming the value', () => {
  const refused = (
    options: Partial<ExportEmbedderOptions & Omit<EncoderParts, 'placement'>>,
    code: string,
    words: RegExp,
  ) =>
    assert.throws(
      () => {
        const { model = base.model, weights = base.weights, recipe = base.recipe, feature, ...wanted } = options;
        const encoder = new PatchEncoder({ model, weights, recipe, feature });
        return exportEmbedder(encoder, { width: 16, height: 16, ...wanted });
      },
      (error: BagsslError) => error.code === code && words.test(error.message),
    );
  it('random positions, and an unknown feature, size, type or placement', () => {
    refused({ placement: { kind: 'random', count: 7, seed: 0 } }, 'bad-argument', /7 random patches/);
    refused({ feature: 'logits' as never }, 'bad-argument', /embedding, preFeature, projection, got "logits"/);
    for (const width of [0, 1.5, Number.NaN, 20000])
      refused({ width }, 'bad-argument', new RegExp(`width must be .*got ${width}`));
    refused({ pixels: 'int8' as never }, 'bad-argument', /"int8"/);
    refused({ placement: { kind: 'grid', across: 0 } }, 'bad-argument', /across must .*, got 0/);
    refused({ model: { ...config.model, size: 9 } as never }, 'bad-argument', /model: there is no "size"/);
    refused({ weights: {} }, 'bad-checkpoint', /no tensor "encoder/);
  });
  it('more patches than one graph can hold', () => {
    const placement: Placement = { kind: 'all', stride: 1 };
    refused({ width: 5000, height: 5000, placement }, 'bad-argument', /too many for one graph/);
  });
});
