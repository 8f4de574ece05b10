import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkJob } from '../../src/patches/check-job.ts';
import { patchDrawer } from '../../src/patches/draw.ts';
import { type PatchJob, runJob } from '../../src/patches/job.ts';
import { Kernels } from '../../src/patches/kernels.ts';
import { KeptImages, packJob, unpackJob } from '../../src/patches/pack.ts';
import { plainPatch } from '../../src/patches/parameters.ts';
import { boxes } from '../../src/patches/placement.ts';
import { cutReference } from '../../src/patches/reference.ts';
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
      const patch = patchDrawer(recipe)(key, pixels.width, pixels.height);
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

test('a packed job is a copy and unpacks to the same job', () => {
  const { images, ...job } = fixtureJob();
  const region = { x: 1, y: 2, width: 9, height: 8 };
  const whole = { ...job, images: images.map((image) => ({ ...image, region })) };
  const [packed, transfer] = packJob(whole, new KeptImages(0));
  assert.equal(transfer.length, images.length);
  assert.deepEqual(packed.drop, []);
  assert.deepEqual(unpackJob(packed, new Map()), whole);
});

test('kept images are sent once, within the budget, and what was used last stays', () => {
  const bytes = (job: PatchJob) => job.images.reduce((sum, { pixels }) => sum + pixels.data.length, 0);
  const keeping = (ids: number[], width = 10): PatchJob => ({
    ...fixtureJob(),
    images: ids.map((id) => ({ id, keep: true, pixels: made(id, width) })),
  });
  const images = new Map<string, ReturnType<typeof generatedPixels>>();
  const made = (id: number, width: number) => {
    const key = `${id} ${width}`;
    if (!images.has(key)) images.set(key, generatedPixels(id, width, 10, 'rgba'));
    return images.get(key)!;
  };
  const sender = new KeptImages(3 * 400);
  const receiver = new Map<string, Uint8Array>();
  const send = (job: PatchJob) => {
    const [packed, transfer] = packJob(job, sender);
    const there = unpackJob(packed, receiver);
    there.images.forEach(({ pixels }, i) => assert.deepEqual(pixels, job.images[i].pixels));
    for (const key of packed.drop) receiver.delete(key);
    assert.ok(sender.bytes <= 3 * 400);
    assert.equal(
      [...receiver.values()].reduce((sum, data) => sum + data.length, 0),
      sender.bytes,
    );
    return transfer.length;
  };
  assert.equal(bytes(keeping([0, 1, 2])), 3 * 400);
  assert.equal(send(keeping([0, 1, 2])), 3);
  assert.equal(send(keeping([2, 0])), 0);
  assert.equal(send(keeping([3])), 1); // drops 1
  assert.equal(send(keeping([0, 2, 3])), 0);
  assert.equal(send(keeping([1])), 1);
  // Other pixels under the same id are another image; one job may exceed the budget.
  assert.equal(send(keeping([1], 12)), 1);
  assert.equal(send(keeping([4, 5, 6, 7, 8])), 5);
  assert.equal(send(keeping([4])), 1);
});

test('shared memory is passed on as it is', () => {
  const job = fixtureJob();
  const { pixels } = job.images[0];
  const data = new Uint8Array(new SharedArrayBuffer(pixels.data.length));
  data.set(pixels.data);
  const shared = { ...job, images: [{ id: 0, keep: true, pixels: { ...pixels, data } }] };
  const [packed, transfer] = packJob(shared, new KeptImages(1e6));
  assert.equal(transfer.length, 0);
  assert.equal(packed.images[0].data!.buffer, data.buffer);
  assert.equal(packed.images[0].key, undefined);
});

test('given parameters replay a batch', () => {
  const job = { ...fixtureJob(), keepParameters: true };
  const drawn = runJob(kernels, job);
  const patches = job.images.map((_, i) => drawn.parameters!.filter((_, k) => k % 4 === i));
  const source = { kind: 'given', patches: JSON.parse(JSON.stringify(patches)) } as const;
  checkJob({ ...job, source });
  const again = runJob(kernels, { ...job, source });
  const floats = 3 * 16 * 16;
  const patch = (data: Float32Array, at: number) => data.slice(at * floats, (at + 1) * floats);
  for (let i = 0; i < 4; i++) {
    for (let view = 0; view < 16; view++) {
      assert.deepEqual(patch(again.data, i * 16 + view), patch(drawn.data, view * 4 + i));
    }
  }
});

test('a region is an image of its own', () => {
  const job = fixtureJob();
  const pixels = generatedPixels(3, 40, 30, 'rgba');
  const region = { x: 7, y: 5, width: 24, height: 20 };
  const data = new Uint8Array(24 * 20 * 4);
  for (let y = 0; y < 20; y++) {
    const from = ((y + 5) * 40 + 7) * 4;
    data.set(pixels.data.subarray(from, from + 24 * 4), y * 24 * 4);
  }
  for (const source of [job.source, { kind: 'placed', placement: { kind: 'all', stride: 3 } } as const]) {
    const inside = runJob(kernels, { ...job, source, images: [{ id: 9, pixels, region }] });
    const alone = runJob(kernels, {
      ...job,
      source,
      images: [{ id: 9, pixels: { data, width: 24, height: 20, layout: 'rgba' } }],
    });
    assert.deepEqual(inside.data, alone.data);
  }
});

test('small and huge images, every layout: the same patches from a crop alone as from the whole', () => {
  const recipe = { ...fixtureJob().recipe, scale: [0.01, 0.05] as const, blur: undefined, views: undefined };
  for (const layout of ['rgba', 'rgb', 'planar', 'grey'] as const) {
    const bytes = { rgba: 4, rgb: 3, planar: 3, grey: 1 }[layout];
    for (const [width, height] of [
      [8, 8],
      [300, 200],
      [8000, 6000],
    ]) {
      if (width === 8000 && layout !== 'grey') continue; // 48 MB are enough for a test
      const data = new Uint8Array(width * height * bytes);
      for (let i = 0; i < data.length; i += 1 + (i >>> 12)) data[i] = (i * 37) ^ (i >>> 9);
      const pixels = { data, width, height, layout };
      const source = { kind: 'augmented', seed: 3, epoch: 0, views: width === 8000 ? 2 : 4 } as const;
      const job = { recipe, images: [{ id: 1, pixels }], source, keepParameters: true };
      checkJob(job);
      const { data: found, parameters } = runJob(kernels, job);
      parameters!.forEach((patch, i) => {
        const expected = cutReference(pixels, patch, 16, recipe.mean, recipe.std);
        assert.deepEqual(found.slice(i * 768, (i + 1) * 768), expected, `${width}×${height} ${layout}`);
      });
    }
  }
});

test('jobs that cannot be cut are refused with their value', () => {
  const job = fixtureJob();
  const image = (change: object, id = 0) => ({ id, pixels: { ...generatedPixels(1, 4, 4, 'rgba'), ...change } });
  const augmented = { kind: 'augmented', seed: 0, epoch: 0, views: 1 };
  const bad: [object, RegExp][] = [
    [{ images: [] }, /0 images/],
    [{ images: [image({}, -1)] }, /image: id must .*, got -1/],
    [{ images: [image({ width: 0 })] }, /image 0: width is 0/],
    [{ images: [image({ height: Number.NaN })] }, /height is NaN/],
    [{ images: [image({ width: 5 })] }, /64 bytes; 5×4 rgba needs 80/],
    [{ images: [image({ layout: 'bgr' })] }, /layout is "bgr"/],
    [{ images: [image({ data: [1, 2] })] }, /data must be/],
    [{ source: { ...augmented, views: 0 } }, /source: views must .*, got 0/],
    [{ source: { ...augmented, seed: 1.5 } }, /seed must .*, got 1\.5/],
    [{ source: { ...augmented, epoch: -1 } }, /epoch must .*, got -1/],
    [{ source: { kind: 'some' } }, /source: kind must be one of augmented, placed, given, got "some"/],
    [{ source: { kind: 'given', patches: [] } }, /0 lists for 4 images/],
    [
      { images: [{ ...image({}), region: { x: 0, y: 0, width: 5, height: 4 } }] },
      /region .* inside its 4×4, got .*"width":5/,
    ],
    [{ images: [{ ...image({}), region: { x: 0, y: 0, width: 0, height: 4 } }] }, /"width":0/],
  ];
  for (const [change, message] of bad) {
    assert.throws(() => checkJob({ ...job, ...change } as PatchJob), { code: 'bad-argument', message });
  }
});

test('given parameters that no draw gives are refused with their value', () => {
  const { images, ...job } = fixtureJob();
  const patch = plainPatch(0, 0, 8, 8);
  const bad: [object, RegExp][] = [
    [{ width: 40 }, /patch: 40×8 at \(0, 0\)/],
    [{ width: 0 }, /width must .*, got 0/],
    [{ height: Number.POSITIVE_INFINITY }, /height must .*, got Infinity/],
    [{ brightness: Number.NaN }, /brightness must .*, got NaN/],
    [{ contrast: -1 }, /contrast must .*, got -1/],
    [{ hue: 0.6 }, /hue must .*, got 0\.6/],
    [{ order: ['brighter'] }, /order must .*, got \["brighter"\]/],
    [{ blur: { kernel: 32, sigma: 1 } }, /patch\.blur: kernel must .*, got 32/],
    [{ blur: { kernel: 3.5, sigma: 1 } }, /patch\.blur: kernel must .*, got 3\.5/],
    [{ blur: { kernel: 3, sigma: 0 } }, /patch\.blur: sigma must .*, got 0/],
    [{ solarise: 128 }, /solarise must .*, got 128/],
    [{ interpolation: 'nearest' }, /interpolation must .*, got "nearest"/],
    [{ solarize: 0.5 }, /there is no "solarize"/],
  ];
  for (const [change, message] of bad) {
    const source = { kind: 'given', patches: [[{ ...patch, ...change }]] } as never;
    const given = { ...job, images: [images[0]], source };
    assert.throws(() => checkJob(given), { code: 'bad-argument', message });
  }
});

test('a blur that reaches beyond the patch does not reach its kernel', () => {
  const patch = { ...plainPatch(0, 0, 8, 8), blur: { kernel: 33, sigma: 50 } };
  const pixels = generatedPixels(1, 10, 8, 'planar');
  const out = new Float32Array(3 * 16);
  const cut = () => kernels.cut(pixels, [patch], 4, [0, 0, 0], [1, 1, 1], out);
  assert.throws(cut, { code: 'bad-argument', message: /17 numbers reach beyond 4 pixels/ });
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
