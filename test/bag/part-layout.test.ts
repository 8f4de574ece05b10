import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BagPlacement, type EncoderParts, type PartLayout, PatchEncoder, type PatchMap } from '../../src/embed.ts';
import { exportEmbedder } from '../../src/export.ts';
import { createEmbedder } from '../../src/index.ts';
import type { Placement } from '../../src/patches.ts';
import { initialWeights, runConfig } from '../../src/train.ts';
import { openEmbedder } from '../support/open-embedder.ts';
import { randoms } from '../support/random.ts';
import { relativeError } from '../support/reference.ts';
import { SHORT_RUN } from '../support/short-training.ts';

const model = {
  encoder: { kind: 'conv', widths: [4, 6], strides: [1, 2], residual: false, padding: 'valid' },
  projector: { hidden: [8], out: 4 },
} as const;
const config = runConfig({ ...SHORT_RUN, model, budget: { steps: 1 } });
const base: EncoderParts = { model, recipe: config.recipe, weights: initialWeights(config), feature: 'embedding' };
const engine = { device: 'native', threads: 1, workers: 0 } as const;
const [width, height] = [24, 20];
const data = Uint8Array.from(randoms(4, 3 * width * height, 0, 256));
const image = { data, width, height, layout: 'rgb' } as const;

/** The parts of each layout as [left, top, right, bottom], in shares of the image. */
const PARTS: Readonly<Record<Exclude<PartLayout, 'mean'>, readonly (readonly number[])[]>> = {
  quadrants: [
    [0, 0, 0.5, 0.5],
    [0.5, 0, 1, 0.5],
    [0, 0.5, 0.5, 1],
    [0.5, 0.5, 1, 1],
  ],
  halves: [
    [0, 0, 1, 1],
    [0, 0, 1, 0.5],
    [0, 0.5, 1, 1],
  ],
  pyramid: [
    [0, 0, 1, 1],
    [0, 0, 0.5, 0.5],
    [0.5, 0, 1, 0.5],
    [0, 0.5, 0.5, 1],
    [0.5, 0.5, 1, 1],
  ],
};

/** By a twin: patches whose centre is on a border, within half a pixel, count half on either side. */
function expected({ boxes, vectors }: PatchMap, layout: keyof typeof PARTS): number[] {
  const inside = (at: number, from: number, to: number, extent: number) => {
    const near = (edge: number) => edge > 0 && edge < 1 && Math.abs(at - edge * extent) <= 0.5;
    if (near(from) || near(to)) return 0.5;
    return at >= from * extent && at <= to * extent ? 1 : 0;
  };
  return PARTS[layout].flatMap(([left, top, right, bottom]) => {
    const sum = new Array<number>(vectors.columns).fill(0);
    boxes.forEach((box, row) => {
      const weight =
        inside(box.x + box.width / 2, left, right, width) * inside(box.y + box.height / 2, top, bottom, height);
      for (let i = 0; i < sum.length; i++) sum[i] += weight * vectors.data[row * sum.length + i];
    });
    const norm = Math.hypot(...sum);
    return sum.map((v) => v / norm);
  });
}

const placements: Record<string, BagPlacement> = {
  'an even grid': { kind: 'grid', across: 4 },
  'an odd grid': { kind: 'grid', across: 3 },
  'two scales': { kind: 'grid', across: 3, scales: [0.2, 0.5] },
  dense: { kind: 'dense' },
};

describe('a layout of parts', () => {
  for (const [name, placement] of Object.entries(placements)) {
    it(`keeps the mean of each part, of unit length: ${name}`, async () => {
      for (const layout of Object.keys(PARTS) as (keyof typeof PARTS)[]) {
        await using embedder = await openEmbedder({ ...base, ...engine, placement, layout });
        assert.equal(embedder.width, 6 * PARTS[layout].length);
        const { vector, patches, whole } = await embedder.bag(image, { keepPatches: true, whole: true });
        assert.equal(patches!.vectors.columns, 6);
        assert.ok(relativeError(vector, expected(patches!, layout)) < 1e-5, layout);
        assert.equal(whole!.length, vector.length);
        assert.deepEqual(whole!.slice(0, 6), whole!.slice(-6));
        const one = await embedder.embed(image, { unit: true });
        assert.ok(Math.abs(Math.hypot(...one) - 1) < 1e-6);
      }
    });
  }

  it('has the whole’s mean where a part has no patch, and obeys weights', async () => {
    const placement = { kind: 'random', count: 1, seed: 3 } as const;
    await using embedder = await openEmbedder({ ...base, ...engine, placement, layout: 'pyramid' });
    const vector = await embedder.embed(image);
    for (let part = 1; part < 5; part++)
      assert.ok(relativeError(vector.slice(6 * part, 6 * part + 6), vector.slice(0, 6)) < 1e-6);
    const grid = { kind: 'grid', across: 2 } as const;
    const first = (box: { x: number; y: number }) => (box.x + box.y === 0 ? 1 : 0);
    const { patches } = await embedder.bag(image, { placement: grid, keepPatches: true });
    const weighed = await embedder.embed(image, { placement: grid, weigh: first });
    const norm = Math.hypot(...patches!.vectors.data.subarray(0, 6));
    assert.ok(
      relativeError(
        weighed.slice(0, 6),
        patches!.vectors.data.slice(0, 6).map((v) => v / norm),
      ) < 1e-5,
    );
  });

  it('is an option of createEmbedder, for encoders of patches', async () => {
    const encoder = new PatchEncoder({ ...base, placement: { kind: 'grid', across: 3 } });
    await using embedder = await createEmbedder({ ...engine, encoder, layout: 'pyramid' });
    await using same = await createEmbedder({ ...engine, encoder: encoder.with({ layout: 'pyramid' }) });
    assert.deepEqual(await embedder.embed(image), await same.embed(image));
    await assert.rejects(createEmbedder({ ...engine, layout: 'pyramid' }), /sees whole images by a layout of its own/);
    await assert.rejects(
      createEmbedder({ ...engine, encoder, layout: 'rows' as never }),
      /layout must be one of mean.*"rows"/,
    );
  });

  it('is kept in the file and the digest, and by the exported embedder', async () => {
    const placement: Placement = { kind: 'grid', across: 3 };
    const encoder = new PatchEncoder({ ...base, placement, layout: 'pyramid' });
    const read = await PatchEncoder.read(await encoder.write());
    assert.equal(read.layout, 'pyramid');
    assert.notEqual(await read.digest(), await read.with({ layout: 'mean' }).digest());
    await using embedder = await createEmbedder({ ...engine, encoder });
    const vector = await embedder.embed(image);
    const ort = await import('onnxruntime-node');
    const session = await ort.InferenceSession.create(exportEmbedder(encoder, { width, height }));
    const { bag } = await session.run({ images: new ort.Tensor('uint8', data, [1, height, width, 3]) });
    await session.release();
    assert.ok(relativeError(bag.data as Float32Array, vector) < 1e-4);
  });
});
