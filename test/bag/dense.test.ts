import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FEATURES, Whitening } from '../../src/embed.ts';
import type { EncoderConfig, KnownEncoder } from '../../src/encoders.ts';
import { conv, flatten, gemm, globalAveragePool, maxPool, relu } from '../../src/graph/functions.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { writeOnnx } from '../../src/graph/write-onnx.ts';
import type { Bag, BagsslError } from '../../src/index.ts';
import { Kernels } from '../../src/patches/kernels.ts';
import { plainPatch } from '../../src/patches/parameters.ts';
import { wholeImage } from '../../src/patches/whole-image.ts';
import { type Pixels, presets } from '../../src/patches.ts';
import type { DeviceChoice } from '../../src/runtime.ts';
import { initialWeights, runConfig } from '../../src/train.ts';
import { openEmbedder } from '../support/open-embedder.ts';
import { randoms } from '../support/random.ts';
import { relativeError } from '../support/reference.ts';
import { SHORT_RUN } from '../support/short-training.ts';

const noise = (seed: number, width: number, height: number, layout: Pixels['layout'] = 'rgb'): Pixels => {
  const bytes = { rgb: 3, rgba: 4, planar: 3, grey: 1 }[layout];
  return { width, height, layout, data: Uint8Array.from(randoms(seed, width * height * bytes), (v) => 128 + 127 * v) };
};

/** Images in which a patch of `size` px is cut as it is. */
function options(encoder: EncoderConfig, size: number, side: number): Parameters<typeof openEmbedder>[0] {
  const share = (size / side) ** 2;
  const config = runConfig({
    ...SHORT_RUN,
    model: { encoder, projector: { hidden: [24, 16], out: 8 } },
    recipe: { ...SHORT_RUN.recipe!, size, scale: [share, share] },
    budget: { steps: 1 },
  });
  return {
    model: config.model,
    recipe: config.recipe,
    weights: initialWeights(config),
    device: 'native',
    threads: 1,
    workers: 0,
  };
}

const valid = { kind: 'conv', widths: [6, 8, 8], strides: [2, 1, 2], residual: true, padding: 'valid' } as const;

async function both(
  given: Parameters<typeof openEmbedder>[0],
  images: Pixels[],
  more: object = {},
): Promise<[dense: Bag[], cut: Bag[]]> {
  await using embedder = await openEmbedder(given);
  const collect = async (placement: object) => {
    const list: Bag[] = [];
    for await (const bag of embedder.bags(images, { placement: placement as never, ...more })) list.push(bag);
    return list;
  };
  return [await collect({ kind: 'dense' }), await collect({ kind: 'all', stride: await embedder.denseStride() })];
}

function same(dense: Bag[], cut: Bag[]): void {
  assert.equal(dense.length, cut.length);
  dense.forEach((bag, k) => {
    assert.deepEqual([bag.index, bag.count], [k, cut[k].count]);
    assert.ok(
      relativeError(bag.vector, cut[k].vector) < 1e-4,
      `image ${k}: ${relativeError(bag.vector, cut[k].vector)}`,
    );
  });
}

describe('a dense bag is the bag of patches cut one by one, to 1e-4', () => {
  for (const device of ['native', 'wasm'] as DeviceChoice[]) {
    for (const feature of FEATURES) {
      it(`${feature} on ${device}, with its patches, their places and the whole image`, async () => {
        const images = [1, 2, 3].map((seed) => noise(seed, 33, 33));
        const [dense, cut] = await both({ ...options(valid, 16, 33), feature, device }, images, {
          keepPatches: true,
          whole: true,
        });
        same(dense, cut);
        assert.equal(dense[0].count, 25);
        dense.forEach(({ patches, whole }, k) => {
          assert.deepEqual(patches!.boxes, cut[k].patches!.boxes);
          assert.ok(relativeError(patches!.vectors.data, cut[k].patches!.vectors.data) < 1e-4);
          assert.ok(relativeError(whole!, cut[k].whole!) < 1e-6);
        });
      });
    }
  }

  it('whitened', async () => {
    const whitening = new Whitening(randoms(1, 8), randoms(2, 64));
    const given = { ...options(valid, 16, 33), feature: 'embedding', whitening } as const;
    const [dense, cut] = await both(given, [noise(1, 33, 33)]);
    same(dense, cut);
  });

  it('for encoders and patches of any geometry that fits', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(1, 2), { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        fc.integer({ min: 0, max: 5 }),
        fc.integer({ min: 0, max: 9 }),
        async (strides, residual, room, more) => {
          let least = 1;
          for (const stride of strides.toReversed()) least = (least - 1) * stride + 3;
          const size = Math.max(4, least + room);
          const encoder = { ...valid, widths: strides.map(() => 5), strides, residual };
          const side = size + more;
          const [dense, cut] = await both(options(encoder, size, side), [noise(size, side, side)]);
          same(dense, cut);
        },
      ),
      { numRuns: 12 },
    ));

  it('for your own network: convolution, max-pool, mean, linear', async () => {
    const graph = createGraph();
    const constant = (seed: number, ...shape: number[]) =>
      graph.constant(
        randoms(
          seed,
          shape.reduce((a, b) => a * b),
        ),
        shape,
        `w${seed}`,
      );
    const geometry = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] };
    let x = relu(conv(graph.input('image', [1, 3, 12, 12]), constant(1, 6, 3, 3, 3), geometry, constant(2, 6)));
    x = maxPool(x, { kernel: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0] });
    x = flatten(globalAveragePool(relu(conv(x, constant(3, 7, 6, 3, 3), geometry))));
    const model = writeOnnx({ embedding: gemm(x, constant(4, 9, 7), constant(5, 9), { transB: true }) });
    const given = options({ kind: 'onnx', model, batchNorm: 'frozen' }, 12, 23);
    const [dense, cut] = await both({ ...given, feature: 'embedding' }, [noise(1, 23, 23)]);
    same(dense, cut);
    assert.equal(dense[0].count, 36);
  });

  it('for images of several sizes and shapes in turn, each as it is alone', async () => {
    await using embedder = await openEmbedder(options(valid, 16, 32));
    const images = [noise(1, 32, 32), noise(2, 50, 40), noise(3, 40, 50), noise(4, 50, 40), noise(5, 7, 3)];
    const scales = [0.25, 0.5];
    let k = 0;
    for await (const { vector, count, patches } of embedder.bags(images, {
      placement: { kind: 'dense', scales },
      keepPatches: true,
    })) {
      const image = images[k++];
      const alone = await embedder.embed(image, { placement: { kind: 'dense', scales } });
      assert.ok(relativeError(vector, alone) < 1e-5);
      assert.equal(patches!.vectors.rows, count);
      for (const { x, y, width, height } of patches!.boxes) {
        assert.ok(x >= 0 && y >= 0 && x + width <= image.width + 1e-9 && y + height <= image.height + 1e-9);
      }
    }
    assert.equal(k, 5);
  });
});

describe('a whole image', () => {
  it('without images that cannot be read, the others at their places', async () => {
    const side = 32;
    const pictures = [0, 1, 2, 3].map((k) => noise(k, side, side));
    const nothing = new Uint8Array([1]);
    await using embedder = await openEmbedder(options(valid, 16, side));
    const found: number[] = [];
    const skipped: number[] = [];
    const images = [nothing, pictures[0], pictures[1], nothing, nothing, pictures[2], nothing];
    const onError = (_: BagsslError, index: number) => skipped.push(index);
    for await (const { index } of embedder.bags(images, { placement: { kind: 'dense' }, onError })) found.push(index);
    assert.deepEqual(
      [found, skipped],
      [
        [1, 2, 5],
        [0, 3, 4, 6],
      ],
    );
  });

  it('is resampled and normalised as the kernels do it with a patch', async () => {
    const kernels = await Kernels.load();
    const { mean, std } = presets.nmce;
    for (const layout of ['rgb', 'rgba', 'planar', 'grey'] as const) {
      for (const interpolation of ['bilinear', 'bicubic'] as const) {
        for (const size of [9, 20, 31]) {
          const image = noise(size, 20, 20, layout);
          const expected = new Float32Array(3 * size * size);
          const patch = { ...plainPatch(0, 0, 20, 20), ...(interpolation === 'bicubic' && { interpolation }) };
          kernels.cut(image, [patch], size, mean, std, expected);
          const found = new Float32Array(3 * size * size);
          wholeImage(image, { mean, std, interpolation }, size, size, found);
          assert.ok(relativeError(found, expected) < 1e-5);
        }
      }
    }
  });
});

describe('an encoder without a dense bag is refused, naming the reason', () => {
  for (const [encoder, words] of [
    [{ ...valid, padding: 'same' }, /Conv ".*" pads by 1,1,1,1/],
    [{ kind: 'vit', patch: 4, width: 8, depth: 1, heads: 2, mlpRatio: 2 }, /side by side|all positions alike/],
    [{ kind: 'resnet', depth: 18, stem: 'cifar', width: 4 }, /pads by/],
  ] as [KnownEncoder, RegExp][]) {
    it(encoder.kind, async () => {
      await using embedder = await openEmbedder(options(encoder, 16, 32));
      const refused = (error: BagsslError) => error.code === 'bad-model' && words.test(error.message);
      await assert.rejects(embedder.denseStride(), refused);
      await assert.rejects(embedder.embed(noise(1, 32, 32), { placement: { kind: 'dense' } }), refused);
    });
  }
});
