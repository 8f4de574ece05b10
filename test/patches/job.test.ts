import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawPatch } from '../../src/patches/draw.ts';
import { checkJob, type PatchJob, runJob } from '../../src/patches/job.ts';
import { Kernels } from '../../src/patches/kernels.ts';
import { packJob, unpackJob } from '../../src/patches/pack.ts';
import { plainPatch } from '../../src/patches/parameters.ts';
import { boxes } from '../../src/patches/placement.ts';
import { cutReference } from '../../src/patches/reference/cut.ts';
import { fixtureJob, generatedPixels } from './batch-fixture.ts';

const kernels = await Kernels.load();

test('augmented: view-major, each patch the one its key draws', () => {
  const job = { ...fixtureJob(), keepParameters: true };
  const { recipe, images, source } = job;
  assert.ok(source.kind === 'augmented');
  const batch = runJob(kernels, job);
  const floats = 3 * recipe.size ** 2;
  for (let view = 0; view < source.views; view++) {
    images.forEach(({ id, pixels }, i) => {
      const index = view * images.length + i;
      const key = { seed: source.seed, epoch: source.epoch, image: id, view };
      const patch = drawPatch(recipe, key, pixels.width, pixels.height);
      assert.deepEqual(batch.parameters![index], patch);
      const expected = cutReference(pixels, patch, recipe.size, recipe.mean, recipe.std);
      assert.deepEqual(batch.data.slice(index * floats, (index + 1) * floats), expected);
    });
  }
});

test('placed: image-major, as many as each image has', () => {
  const placement = { kind: 'all', stride: 5 } as const;
  const job: PatchJob = { ...fixtureJob(), source: { kind: 'placed', placement }, keepParameters: true };
  const { recipe, images } = job;
  const batch = runJob(kernels, job);
  const expected = images.map(({ id, pixels }) => boxes(placement, recipe, pixels.width, pixels.height, id));
  assert.deepEqual(
    batch.perImage,
    expected.map((b) => b.length),
  );
  assert.ok(new Set(batch.perImage).size > 1);
  assert.deepEqual(batch.parameters, expected.flat());
  assert.deepEqual(batch.shape, [expected.flat().length, 3, 16, 16]);
});

test('the order of a job’s images does not change what is drawn for each', () => {
  const job = fixtureJob();
  const [a, b] = [runJob(kernels, job), runJob(kernels, { ...job, images: [...job.images].reverse() })];
  const floats = 3 * 16 * 16;
  for (let i = 0; i < 4; i++) {
    assert.deepEqual(a.data.slice(i * floats, (i + 1) * floats), b.data.slice((3 - i) * floats, (4 - i) * floats));
  }
});

test('a packed job is one fresh buffer and unpacks to the same job', () => {
  const job = fixtureJob();
  const packed = packJob(job);
  assert.equal(
    packed.pixels.byteLength,
    job.images.reduce((sum, { pixels }) => sum + pixels.data.length, 0),
  );
  assert.deepEqual(unpackJob(packed), job);
});

test('jobs that cannot be cut are refused with their value', () => {
  const job = fixtureJob();
  const image = (change: object, id = 0) => ({ id, pixels: { ...generatedPixels(1, 4, 4, 'rgba'), ...change } });
  const augmented = { kind: 'augmented', seed: 0, epoch: 0, views: 1 };
  const bad: [object, RegExp][] = [
    [{ images: [] }, /0 images/],
    [{ images: [image({}, -1)] }, /image id is -1/],
    [{ images: [image({ width: 0 })] }, /image 0: width is 0/],
    [{ images: [image({ height: Number.NaN })] }, /height is NaN/],
    [{ images: [image({ width: 5 })] }, /64 bytes; 5×4 rgba needs 80/],
    [{ images: [image({ layout: 'bgr' })] }, /layout is "bgr"/],
    [{ images: [image({ data: [1, 2] })] }, /data must be/],
    [{ source: { ...augmented, views: 0 } }, /views is 0/],
    [{ source: { ...augmented, seed: 1.5 } }, /seed is 1\.5/],
    [{ source: { ...augmented, epoch: -1 } }, /epoch is -1/],
    [{ source: { kind: 'some' } }, /source\.kind is "some"/],
  ];
  for (const [change, message] of bad) {
    assert.throws(() => checkJob({ ...job, ...change } as PatchJob), { code: 'bad-argument', message });
  }
});

test('no box outside the image reaches a kernel', () => {
  const pixels = generatedPixels(1, 10, 8, 'planar');
  const out = new Float32Array(3 * 16);
  const cut = (x: number, y: number, w: number, h: number) =>
    kernels.cut(pixels, [plainPatch(x, y, w, h)], 4, [0, 0, 0], [1, 1, 1], out);
  for (const box of [
    [-1, 0, 4, 4],
    [7, 0, 4, 4],
    [0, 5, 4, 4],
    [0, 0, 0, 4],
    [0.5, 0, 4, 4],
    [Number.NaN, 0, 4, 4],
  ]) {
    assert.throws(() => cut(box[0], box[1], box[2], box[3]), { code: 'bad-argument' });
  }
  assert.throws(
    () => kernels.cut(pixels, [plainPatch(0, 0, 4, 4)], 8, [0, 0, 0], [1, 1, 1], out),
    /holds 48 floats, too few/,
  );
});
