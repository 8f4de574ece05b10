import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type BlockLayout, type EncoderParts, PatchEncoder } from '../../src/embed.ts';
import { exportEmbedder } from '../../src/export.ts';
import { type BagsslError, createEmbedder, type Embedder } from '../../src/index.ts';
import type { Pixels } from '../../src/patches.ts';
import { initialWeights, runConfig } from '../../src/train.ts';
import { randoms } from '../support/random.ts';
import { relativeError } from '../support/reference.ts';
import { SHORT_RUN } from '../support/short-training.ts';

const model = {
  encoder: { kind: 'conv', widths: [4, 6, 5], strides: [1, 2, 1], residual: true, padding: 'valid' },
  projector: { hidden: [8], out: 4 },
} as const;
const recipe = { ...SHORT_RUN.recipe!, size: 12 };
const config = runConfig({ ...SHORT_RUN, model, recipe, budget: { steps: 1 } });
const whitening = (seed: number, width: number) => ({
  mean: randoms(seed, width, 0, 0.2),
  matrix: randoms(seed + 1, width * width),
});
const NUMBERS = 6 * 5 + 5 + 2 * 4;
const layout: BlockLayout = {
  kind: 'blocks',
  blocks: [
    { side: 40, layer: 2, across: 3, weight: 1 },
    { side: 40, layer: 2, across: 1, weight: 0.5 },
    { side: 32, layer: 0, pool: 2, across: 2, weight: 0.7 },
  ],
  whitenings: { '40.2': whitening(1, 5), '32.0': whitening(3, 4) },
  projection: {
    mean: randoms(5, NUMBERS, -0.1, 0.1),
    matrix: Int8Array.from(randoms(6, NUMBERS * 7), (v) => 127 * v),
    scale: randoms(7, 7, 0.01, 0.02),
  },
};
const base: EncoderParts = { ...config, model, weights: initialWeights(config), layout, feature: 'embedding' };
const parts = ({ model, recipe, weights, feature }: EncoderParts) => ({ model, recipe, weights, feature });
const encoder = new PatchEncoder({ ...parts(base), layout });
const engine = { device: 'native', threads: 1 } as const;

const picture = (seed: number, width: number, height: number): Pixels => {
  const grain = randoms(seed, width * height * 3, 0, 90);
  const data = Uint8Array.from(grain, (v, i) => v + ((i / (3 * width)) % 150));
  return { data, width, height, layout: 'rgb' };
};
const mirrored = ({ data, width, height }: Pixels): Pixels => ({
  data: data.map((_, i) => {
    const [row, x, c] = [Math.floor(i / (3 * width)), Math.floor(i / 3) % width, i % 3];
    return data[(row * width + (width - 1 - x)) * 3 + c];
  }),
  width,
  height,
  layout: 'rgb',
});

async function using<T>(own: PatchEncoder | Uint8Array, work: (embedder: Embedder) => Promise<T>): Promise<T> {
  const embedder = await createEmbedder({ ...engine, encoder: own });
  try {
    return await work(embedder);
  } finally {
    await embedder.dispose();
  }
}

const refused = (work: () => unknown, code: string, said: RegExp) =>
  assert.rejects(
    async () => work(),
    (error: BagsslError) => error.code === code && said.test(error.message),
  );

describe('a layout of blocks', () => {
  it('gives one vector an image, of any shape, one by one as together', () =>
    using(encoder, async (embedder) => {
      assert.equal(embedder.width, 7);
      const shapes = [
        [60, 60],
        [61, 60],
        [90, 45],
        [45, 90],
        [60, 60],
        [1, 300],
        [700, 3],
      ];
      const pictures = shapes.map(([width, height], seed) => picture(seed, width, height));
      const { data, rows } = await embedder.matrix(pictures);
      assert.equal(rows, pictures.length);
      for (const [row, one] of pictures.entries()) {
        const vector = await embedder.embed(one);
        assert.ok(vector.some((v) => v !== 0));
        assert.ok(relativeError(data.subarray(row * 7, (row + 1) * 7), vector) < 1e-5, `${shapes[row]}`);
      }
      const unit = await embedder.embed(pictures[0], { unit: true });
      assert.ok(Math.abs(Math.hypot(...unit) - 1) < 1e-6);
    }));

  it('hardly sees a mirror image, where strides come out even', () =>
    using(
      // Without strides a mirrored image has mirrored maps, if the kernels are symmetric.
      encoder.with({
        model: { ...model, encoder: { ...model.encoder, strides: [1, 1, 1] } },
        weights: Object.fromEntries(
          Object.entries(encoder.weights).map(([name, values]) => [
            name,
            /conv/.test(name) ? values.map((v, i) => (v + values[i - (i % 3) + 2 - (i % 3)]) / 2) : values,
          ]),
        ),
      }),
      async (embedder) => {
        const one = picture(3, 64, 64);
        assert.ok(relativeError(await embedder.embed(mirrored(one)), await embedder.embed(one)) < 1e-4);
      },
    ));

  it('shows the positions of its finest map as patches', () =>
    using(encoder, async (embedder) => {
      const { vector, count, patches } = await embedder.bag(picture(1, 80, 160), { keepPatches: true });
      const { boxes, vectors } = patches!;
      // 40² px of 1:2 are 28 × 57, but no side is below 32; a position of the last layer sees 9 px and is 2 px from the next.
      assert.deepEqual([vector.length, count, vectors.rows, vectors.columns], [7, 1, 12 * 25, 5]);
      assert.equal(boxes.length, 300);
      const unitX = 80 / 32;
      assert.deepEqual([boxes[1].x, boxes[1].y, boxes[1].width], [2 * unitX, 0, 9 * unitX]);
      const { x, y, width, height } = boxes[299];
      assert.ok(x + width <= 80 && x + width > 80 - 3 * unitX && y + height <= 160 && y + height > 150);
      assert.ok(Math.abs(Math.hypot(...vectors.data.subarray(5, 10)) - 1) < 1e-5);
    }));

  it('is in the encoder’s file, its digest and the exported embedder', async () => {
    const read = await PatchEncoder.read(await encoder.write());
    assert.deepEqual((read.layout as BlockLayout).blocks, layout.blocks);
    const one = picture(2, 50, 40);
    const expected = await using(encoder, (embedder) => embedder.embed(one));
    assert.ok(relativeError(await using(read, (embedder) => embedder.embed(one)), expected) < 5e-3);
    const { scale } = layout.projection;
    const other = { ...layout, projection: { ...layout.projection, scale: scale.map((v) => 1.001 * v) } };
    const heavier = { ...layout, blocks: layout.blocks.map((block) => ({ ...block, weight: 1 })) };
    const all = [
      encoder,
      encoder.with({ layout: other }),
      encoder.with({ layout: heavier }),
      encoder.with({ layout: 'mean' }),
    ];
    const digests = await Promise.all(all.map((each) => each.digest()));
    assert.equal(new Set(digests).size, 4);
    assert.equal(await encoder.with({}).digest(), digests[0]);

    const ort = await import('onnxruntime-node');
    const file = exportEmbedder(encoder, { width: 50, height: 40 });
    const session = await ort.InferenceSession.create(file);
    const { bag } = await session.run({ images: new ort.Tensor('uint8', new Uint8Array(one.data), [1, 40, 50, 3]) });
    await session.release();
    assert.deepEqual(bag.dims, [1, 7]);
    assert.ok(relativeError(bag.data as Float32Array, expected) < 1e-4);
    // Its last operator is a product, as a classifier's is, and its vectors are what is asked for all the same.
    const exported = await createEmbedder({ encoder: file, device: 'native', workers: 0 });
    const found = await exported.embed(one);
    await exported.dispose();
    assert.ok(relativeError(found, expected) < 1e-4);
  });

  it('is refused with a code where its file was cut off, or asks for much memory', async () => {
    const file = new Uint8Array(readFileSync('models/photos.safetensors'));
    for (const length of [0, 7, 300, 5000, 600_000, file.length - 1]) {
      await refused(() => PatchEncoder.read(file.subarray(0, length)), 'bad-checkpoint', /./);
    }
    const blocks = Array.from({ length: 64 }, () => ({ side: 512, layer: 2, across: 32, weight: 1 }));
    const large = encoder.with({ layout: { ...layout, blocks, whitenings: { '512.2': whitening(1, 5) } } });
    await refused(() => createEmbedder({ ...engine, encoder: large }), 'bad-argument', /cells · side²/);
  });

  it('becomes an encoder of patches by layout "mean"', async () => {
    const placement = { kind: 'grid', across: 2 } as const;
    const plain = encoder.with({ layout: 'mean', placement });
    const one = picture(2, 50, 40);
    const found = await using(plain, (embedder) => embedder.embed(one));
    const expected = await using(new PatchEncoder({ ...parts(base), placement }), (embedder) => embedder.embed(one));
    assert.deepEqual(found, expected);
  });

  it('refuses what it cannot do, and says what to do', async () => {
    const grid = { kind: 'grid', across: 3 } as const;
    await refused(() => encoder.with({ placement: grid }), 'bad-argument', /places no patches.*layout: 'mean'/);
    await using(encoder, async (embedder) => {
      const one = picture(1, 40, 40);
      await refused(() => embedder.embed(one, { placement: grid }), 'bad-argument', /places no patches/);
      await refused(() => embedder.embed(one, { weigh: () => 1 }), 'bad-argument', /no patches, but weigh is given/);
      await refused(() => embedder.denseStride(), 'bad-model', /no dense bag/);
    });
    assert.throws(() => exportEmbedder(encoder, { width: 9, height: 9, placement: grid }), /places no patches/);
    assert.throws(() => encoder.with({ layout: 'rows' as never }), /layout is "rows"; it must be one of mean/);
    const opened = (changes: object) => () => using(encoder.with(changes as never), async () => undefined);
    const same = { ...model, encoder: { ...model.encoder, padding: 'same' } };
    await refused(opened({ model: same }), 'bad-argument', /padding "valid"/);
    await refused(opened({ layout: { ...layout, blocks: [] } }), 'bad-argument', /blocks/);
    const deep = layout.blocks.map((block) => ({ ...block, layer: 3 }));
    await refused(opened({ layout: { ...layout, blocks: deep } }), 'bad-argument', /whitenings\["40.3"\]/);
    const short = { ...layout.projection, mean: new Float32Array(3) };
    await refused(opened({ layout: { ...layout, projection: short } }), 'shape-mismatch', /43 numbers.*takes 3/);
    await refused(
      opened({ layout: { ...layout, whitenings: { ...layout.whitenings, '32.0': whitening(1, 4.5) } } }),
      'shape-mismatch',
      /./,
    );
  });
});
