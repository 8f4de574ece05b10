import assert from 'node:assert/strict';
import { relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { plainPatch } from '../../src/patches/parameters.ts';
import { type Augmentation, augmentationDigest, checkRecipe, PatchPool, type PoolOptions } from '../../src/patches.ts';
import { batchHash, FIXTURE_HASH, fixtureJob } from './batch-fixture.ts';
import { STREAKED_HASH, STREAKS, streakedJob } from './own-fixture.ts';

/** Inverts a patch with a probability. */
const invert: Augmentation<{ probability: number }, { twice: boolean }> = {
  name: 'invert',
  draw: ({ probability }, random) => (random.uniform() < probability ? { twice: false } : undefined),
  change(tile) {
    for (let i = 0; i < tile.length; i++) tile[i] = 1 - tile[i];
  },
};

const inverted = (probability: number) => {
  const { recipe, ...job } = fixtureJob();
  const plain = { ...recipe, mean: [0, 0, 0] as const, std: [1, 1, 1] as const };
  return { ...job, recipe: { ...plain, own: { invert: { probability } } }, keepParameters: true };
};
const pool = (options: PoolOptions) => PatchPool.create({ workers: 0, ...options });

test('runs after the package’s own and leaves their draws as they were', async () => {
  await using with_ = await pool({ augmentations: [invert] });
  await using without = await pool({});
  const ours = await with_.cut(inverted(0.5));
  const { own: _, ...recipe } = inverted(0.5).recipe;
  const plain = await without.cut({ ...inverted(0.5), recipe });
  const floats = 3 * 16 * 16;
  let hits = 0;
  ours.parameters!.forEach(({ own, ...rest }, i) => {
    assert.deepEqual(rest, plain.parameters![i]);
    const [a, b] = [ours.data, plain.data].map((data) => data.subarray(i * floats, (i + 1) * floats));
    if (own) hits++;
    assert.deepEqual(a, own ? b.map((v) => 1 - v) : b);
  });
  assert.ok(hits > 20 && hits < 44, `${hits} of 64`);
  // Given, but not asked for.
  assert.equal(batchHash(await with_.cut(fixtureJob())), FIXTURE_HASH);
});

test('two draw from streams of their own and are applied in the order they were given', async () => {
  await using first = await pool({ augmentations: [STREAKS, invert] });
  await using second = await pool({ augmentations: [invert, STREAKS] });
  const job = streakedJob();
  const both = { ...job, recipe: { ...job.recipe, own: { ...job.recipe.own, invert: { probability: 1 } } } };
  const [a, b] = [await first.cut(both), await second.cut(both)];
  assert.deepEqual(a.parameters, b.parameters);
  assert.notDeepEqual(a.data, b.data);
});

test('what was drawn can be cut again, from its JSON', async () => {
  for (const workers of [0, 1]) {
    await using one = await pool({ workers, augmentations: [STREAKS] });
    const job = streakedJob();
    const drawn = await one.cut(job);
    assert.ok(drawn.parameters!.some(({ own }) => (own?.streaks as number[] | undefined)?.length === 3));
    const patches = job.images.map((_, i) => drawn.parameters!.filter((_, k) => k % 4 === i));
    const again = await one.cut({ ...job, source: { kind: 'given', patches: JSON.parse(JSON.stringify(patches)) } });
    const floats = 3 * 15 * 15;
    assert.deepEqual(again.data.subarray(0, floats), drawn.data.subarray(0, floats));
    assert.deepEqual(again.data.subarray(-floats), drawn.data.subarray(-floats));
  }
});

test('views may differ in it, and clean patches have none', async () => {
  await using one = await pool({ augmentations: [STREAKS] });
  const { recipe, ...job } = streakedJob();
  const views = [{ own: { streaks: { most: 5 } } }, { own: {} }];
  const batch = await one.cut({ ...job, recipe: { ...recipe, views } });
  batch.parameters!.forEach(({ own }, k) => assert.ok(Math.floor(k / 4) % 2 === 0 || own === undefined));
  const placed = { kind: 'placed', placement: { kind: 'grid', across: 2 } } as const;
  const clean = await one.cut({ ...job, recipe, source: placed });
  assert.ok(clean.parameters!.every(({ own }) => own === undefined));
});

test('a path is relative to the current folder', async () => {
  await using one = await pool({ workers: 1, augmentations: [relative(process.cwd(), fileURLToPath(STREAKS))] });
  assert.equal(batchHash(await one.cut(streakedJob())), STREAKED_HASH);
});

test('the digest differs where the augmentation does something else', async () => {
  const digests = [
    await augmentationDigest(STREAKS, { most: 3 }),
    await augmentationDigest(STREAKS, { most: 2 }),
    await augmentationDigest(invert, { probability: 0.5 }),
    await augmentationDigest({ ...invert, name: 'other' }, { probability: 0.5 }),
    await augmentationDigest({ ...invert, change: (tile: Float32Array) => tile.fill(0.5) }, { probability: 0.5 }),
  ];
  assert.equal(new Set(digests).size, digests.length);
  assert.equal(await augmentationDigest({ ...invert }, { probability: 0.5 }), digests[2]);
});

const plain = plainPatch(0, 0, 15, 15);

const bad = (message: RegExp) => ({ code: 'bad-argument', message });

test('what a pool cannot use is refused', async () => {
  const nowhere = new URL('./nowhere.mjs', STREAKS);
  const text = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
  for (const [options, message] of [
    [{ workers: 1, augmentations: [invert] }, /augmentations\[0\] is a value.*URL of a module.*workers: 0/],
    [{ augmentations: [invert, { ...invert }] }, /Two augmentations have the name "invert"/],
    [{ augmentations: [nowhere] }, /nowhere\.mjs" could not be imported/],
    [{ augmentations: [text('export default 5')] }, /must have a name, draw and change, got 5/],
    [{ augmentations: [text('export const a = 5')] }, /must have a name, draw and change, got undefined/],
    [{ augmentations: [{ name: 'x' }] }, /must have a name, draw and change/],
    [{ augmentations: STREAKS }, /augmentations must be an array/],
    [{ augmentation: [] }, /there is no "augmentation"/],
  ] as const) {
    await assert.rejects(pool(options as never), bad(message));
  }
});

test('what a recipe or a patch asks for must have been given, and accept its options', async () => {
  await using one = await pool({ workers: 1, augmentations: [STREAKS] });
  const { recipe, ...job } = streakedJob();
  const own = (value: unknown) => ({ ...job, recipe: { ...recipe, own: value as never } });
  await assert.rejects(one.cut(own({ streak: {} })), bad(/asks for the augmentation "streak", which was not given/));
  await assert.rejects(one.cut(own({ streaks: { most: 0 } })), bad(/"streaks" failed: most is 0/));
  await assert.rejects(one.cut(own([])), bad(/own must be an object of plain JSON/));
  const views = [{ own: { streaks: { most: 1.5 } } }];
  await assert.rejects(one.cut({ ...job, recipe: { ...recipe, views } }), bad(/"streaks" failed: most is 1\.5/));
  const patches = job.images.map(() => [{ ...plain, own: { other: 1 } }]);
  await assert.rejects(
    one.cut({ ...job, recipe, source: { kind: 'given', patches } }),
    bad(/the augmentation "other"/),
  );
  // What was drawn must be what the augmentation draws: its own code fails, in the worker.
  const broken = job.images.map(() => [{ ...plain, own: { streaks: 5 } }]);
  await assert.rejects(
    one.cut({ ...job, recipe, source: { kind: 'given', patches: broken } }),
    bad(/"streaks" failed/),
  );
});

test('options are plain JSON, and a checked recipe holds a copy', () => {
  const { recipe } = streakedJob();
  const checked = checkRecipe(recipe);
  assert.deepEqual(checked, recipe);
  assert.notEqual(checked.own!.streaks, recipe.own!.streaks);
  const circle: Record<string, unknown> = {};
  circle.circle = circle;
  for (const value of [() => 1, new Map(), Number.NaN, undefined, circle]) {
    assert.throws(
      () => checkRecipe({ ...recipe, own: { streaks: { value } } }),
      bad(/own must be an object of plain JSON/),
    );
  }
});
