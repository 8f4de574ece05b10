import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fourthRoot } from '../../src/adaptation/matrix-power.ts';
import { neighbourMap } from '../../src/adaptation/neighbour-map.ts';
import { steadiness } from '../../src/adaptation/steadiness.ts';
import { withMap } from '../../src/adaptation/with-map.ts';
import type { ImageSet } from '../../src/data.ts';
import { type Matrix, PatchEncoder, Whitening } from '../../src/embed.ts';
import { centred, meanRow } from '../../src/evaluate.ts';
import { createEmbedder } from '../../src/index.ts';
import { openData } from '../../src/node.ts';
import { Runtime } from '../../src/runtime.ts';
import { adaptEncoder } from '../../src/train.ts';
import { difference } from '../support/golden.ts';
import { randoms } from '../support/random.ts';

const runtime = await Runtime.open({ device: 'native', threads: 1 });
const engine = { device: 'native', threads: 1, workers: 1 } as const;
const cifar = await PatchEncoder.read(readFileSync('models/cifar10.safetensors'));

/** a · b of square matrices. */
function times(a: ArrayLike<number>, b: ArrayLike<number>): number[] {
  const d = Math.sqrt(a.length);
  return Array.from({ length: d * d }, (_, at) => {
    let sum = 0;
    for (let k = 0; k < d; k++) sum += a[Math.floor(at / d) * d + k] * b[k * d + (at % d)];
    return sum;
  });
}

describe('learning from a collection', () => {
  it('takes fourth roots, and their inverses', async () => {
    const d = 7;
    const half = randoms(4, d * d);
    const transposed = half.map((_, at) => half[(at % d) * d + Math.floor(at / d)]);
    const matrix = Float32Array.from(times(half, transposed), (value, at) => value + (at % (d + 1) ? 0 : 0.5));
    const root = await fourthRoot(runtime, matrix, 0.01, 'root');
    assert.ok(difference(times(times(root, root), times(root, root)), [...matrix]) < 1e-4);
    const inverse = await fourthRoot(runtime, matrix, 0.01, 'inverse');
    const one = Array.from({ length: d * d }, (_, at) => (at % (d + 1) ? 0 : 1));
    assert.ok(difference(times(root, inverse), one) < 1e-4);
  });

  it('finds the map that numpy finds', async () => {
    const { width, vectors, copies, map } = JSON.parse(readFileSync('test/golden/adaptation.json', 'utf8'));
    const matrix = (values: number[]): Matrix => ({
      data: Float32Array.from(values),
      rows: values.length / width,
      columns: width,
    });
    const mean = meanRow(matrix(vectors));
    const [x, altered] = [vectors, copies].map((values) => centred(matrix(values), mean));
    assert.ok(difference(await neighbourMap(runtime, x, altered), map) < 1e-4);
  });

  it('adds the map to what an encoder has', async () => {
    const d = 128;
    const [mean, map, vector] = [randoms(5, d), randoms(6, d * d), randoms(7, d)];
    const bare = await withMap(runtime, cifar.with({ whitening: undefined }), mean, map);
    const expected = new Whitening(mean, map).apply(vector);
    assert.ok(difference(bare.whitening!.apply(vector), [...expected]) < 1e-6);
    const both = await withMap(runtime, cifar, mean, map);
    const afterwards = new Whitening(mean, map).apply(cifar.whitening!.apply(vector));
    assert.ok(difference(both.whitening!.apply(vector), [...afterwards]) < 1e-3);
  });

  it('adds the map to a projection of blocks', async () => {
    const [numbers, d] = [20, 6];
    const before = {
      mean: randoms(10, numbers),
      matrix: Int8Array.from(randoms(11, numbers * d), (value) => Math.round(127 * value)),
      scale: Float32Array.from(randoms(12, d), (value) => 0.01 + Math.abs(value) / 100),
    };
    const block = { side: 48, layer: 4, across: 1, weight: 1 };
    const layout = { kind: 'blocks', blocks: [block], whitenings: {}, projection: before } as const;
    const [mean, map, x] = [randoms(13, d), randoms(14, d * d), randoms(15, numbers)];
    const project = ({ mean: middle, matrix, scale }: typeof before) =>
      Float32Array.from(scale, (factor, j) => {
        let sum = 0;
        for (let i = 0; i < numbers; i++) sum += (x[i] - middle[i]) * matrix[i * d + j] * factor;
        return sum;
      });
    const encoder = cifar.with({ whitening: undefined, layout, placement: { kind: 'whole' } });
    const { layout: after } = await withMap(runtime, encoder, mean, map);
    const expected = new Whitening(mean, map).apply(project(before));
    assert.ok(
      typeof after === 'object' && difference(project(after.projection as typeof before), [...expected]) < 0.02,
    );
  });

  it('measures how steady neighbours and originals are', () => {
    const data = randoms(8, 30 * 4);
    const images = { data, rows: 30, columns: 4 };
    assert.deepEqual(steadiness(images, images), { neighbours: 1, originals: 1, score: 1 });
    const others = { ...images, data: randoms(9, 30 * 4) };
    const { neighbours, originals, score } = steadiness(images, others);
    assert.ok(neighbours > 0.05 && neighbours < 0.4 && originals < 0.3 && score === neighbours * originals);
  });

  it('learns without labels, and keeps the encoder where it gains nothing', async () => {
    const { labels: _, ...images } = await openData('builtin', { limit: 40 });
    const found = await adaptEncoder({ ...engine, images });
    assert.equal(found.images, 40);
    assert.equal(found.gained, found.after!.score > found.before!.score);
    assert.equal(found.encoder === found.from, !found.gained);
    assert.equal(/gained nothing/.test(found.reason ?? ''), !found.gained);
    const again = await adaptEncoder({ ...engine, images });
    assert.equal(await again.encoder.digest(), await found.encoder.digest(), 'the same images, the same encoder');
    await using embedder = await createEmbedder({ ...engine, encoder: found.encoder });
    assert.ok((await embedder.embed(await images.image(0))).every(Number.isFinite));
  });

  it('says of too few images, and of images all the same, that there is nothing to learn', async () => {
    const grey = { data: new Uint8Array(3 * 32 * 32).fill(90), width: 32, height: 32, layout: 'planar' as const };
    const set = (length: number): ImageSet => ({ name: 'grey', length, image: () => grey });
    const few = await adaptEncoder({ ...engine, images: set(12) });
    assert.match(few.reason!, /12 images are too few to learn from; at least 40/);
    const same = await adaptEncoder({ ...engine, images: set(40) });
    assert.match(same.reason!, /All images have the same vector/);
    // One image of 40 differs, so one of the halves is all the same.
    const other = { ...grey, data: grey.data.map((_, i) => (i * 7) % 256) };
    const mixed = { ...set(40), image: (index: number) => (index === 3 ? other : grey) };
    const most = await adaptEncoder({ ...engine, images: mixed });
    assert.match(most.reason!, /Most images have the same vector/);
    for (const { encoder, from, gained } of [few, same, most]) assert.ok(!gained && encoder === from);
  });
});
