import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ORDERS } from '../../src/patches/augmentations/jitter.ts';
import { patchDrawer } from '../../src/patches/draw.ts';
import { type PatchParameters, plainPatch } from '../../src/patches/parameters.ts';
import { cifar16, presets } from '../../src/patches/presets.ts';
import { type Recipe, withoutAugmentation } from '../../src/patches/recipe.ts';

const draws = (recipe: Recipe, n: number, width = 32, height = 32) =>
  Array.from({ length: n }, (_, view) => patchDrawer(recipe)({ seed: 9, epoch: 0, image: 4, view }, width, height));

test('a box is inside any image, square, and covers its share of the area', () => {
  const side = fc.integer({ min: 1, max: 5000 });
  fc.assert(
    fc.property(side, side, fc.double({ min: 1e-6, max: 1, noNaN: true }), fc.nat(), (width, height, scale, seed) => {
      const recipe = { ...cifar16, scale: [scale, scale] as const };
      const p = patchDrawer(recipe)({ seed, epoch: 1, image: 2, view: 3 }, width, height);
      assert.equal(p.width, p.height);
      assert.ok(p.x >= 0 && p.y >= 0 && p.x + p.width <= width && p.y + p.height <= height && p.width >= 1);
      const wanted = Math.min(Math.max(1, Math.sqrt(width * height * scale)), width, height);
      assert.ok(Math.abs(p.width - wanted) <= 0.5);
    }),
  );
});

test('every position, order and choice occurs as often as its probability says', () => {
  const n = 20_000;
  const drawn = draws(cifar16, n);
  // Within five standard deviations of a share.
  const share = (what: string, holds: (p: PatchParameters) => boolean, p: number) => {
    const found = drawn.filter(holds).length / n;
    assert.ok(Math.abs(found - p) < 5 * Math.sqrt((p * (1 - p)) / n), `${what}: ${found}, not ${p}`);
  };
  share('flip', (p) => p.flip, 0.5);
  share('greyscale', (p) => p.greyscale, 0.2);
  share('jitter', (p) => p.hue !== 0, 0.8);
  for (let at = 0; at <= 16; at++) {
    share(`x ${at}`, ({ x }) => x === at, 1 / 17);
    share(`y ${at}`, ({ y }) => y === at, 1 / 17);
  }
  for (const order of ORDERS) share(order.join(), (p) => p.order === order, 1 / 24);
  for (const name of ['brightness', 'contrast', 'saturation'] as const) {
    assert.ok(drawn.every((p) => p[name] >= 0.6 && p[name] <= 1.4));
    share(`${name} below 0.8`, (p) => p[name] < 0.8, 0.8 / 4);
  }
  assert.ok(drawn.every((p) => Math.abs(p.hue) <= 0.1));
  share('hue below -0.05', (p) => p.hue < -0.05, 0.8 / 4);
});

test('a draw is a function of its key', () => {
  const key = { seed: 1, epoch: 2, image: 3, view: 4 };
  const base = patchDrawer(cifar16)(key, 200, 100);
  assert.deepEqual(patchDrawer(cifar16)({ ...key }, 200, 100), base);
  for (const field of ['seed', 'epoch', 'image', 'view'] as const) {
    assert.notDeepEqual(patchDrawer(cifar16)({ ...key, [field]: 9 }, 200, 100), base);
  }
});

test('changing one probability leaves the other choices as they were', () => {
  const plain = draws({ ...cifar16, jitter: { ...cifar16.jitter, probability: 0 }, greyscale: 0 }, 50);
  draws(cifar16, 50).forEach(({ x, y, flip }, i) => {
    assert.deepEqual({ x, y, flip }, { x: plain[i].x, y: plain[i].y, flip: plain[i].flip });
  });
});

test('blur and solarisation leave the other choices as they were, and occur as often as they should', () => {
  const n = 20_000;
  const drawn = draws(presets.empSsl, n);
  const plain = draws({ ...presets.empSsl, blur: undefined, solarise: undefined }, 50);
  plain.forEach((p, i) =>
    assert.deepEqual(
      { ...drawn[i], blur: undefined, solarise: undefined },
      { ...p, blur: undefined, solarise: undefined },
    ),
  );
  const share = (holds: (p: PatchParameters) => boolean) => drawn.filter(holds).length / n;
  assert.ok(Math.abs(share((p) => p.blur !== undefined) - 0.1) < 0.011);
  assert.ok(Math.abs(share((p) => p.solarise === 128 / 255) - 0.1) < 0.011);
  const sigmas = drawn.flatMap(({ blur }) => blur?.sigma ?? []);
  assert.ok(sigmas.every((sigma) => sigma >= 0.1 && sigma < 2));
  const mean = sigmas.reduce((a, b) => a + b, 0) / sigmas.length;
  assert.ok(Math.abs(mean - 1.05) < 0.07, `${mean}`);
});

test('views of one image may have different recipes', () => {
  const drawn = draws(presets.byol, 2000, 300, 200);
  assert.ok(drawn.every((p, view) => view % 2 === 1 || (p.blur && p.solarise === undefined)));
  const second = drawn.filter((_, view) => view % 2 === 1);
  assert.ok(Math.abs(second.filter((p) => p.blur).length / 1000 - 0.1) < 0.05);
  assert.ok(Math.abs(second.filter((p) => p.solarise).length / 1000 - 0.2) < 0.07);
  assert.ok(drawn.every((p) => p.interpolation === 'bicubic'));
});

test('a crop of random ratio is inside the image; one that never fits is the largest allowed, in the middle', () => {
  const side = fc.integer({ min: 1, max: 3000 });
  fc.assert(
    fc.property(side, side, fc.nat(), (width, height, seed) => {
      const p = patchDrawer(presets.simclr)({ seed, epoch: 1, image: 2, view: 3 }, width, height);
      assert.ok(p.x >= 0 && p.y >= 0 && p.x + p.width <= width && p.y + p.height <= height && p.width * p.height >= 1);
    }),
  );
  const wide = { ...presets.simclr, scale: [0.9, 1] as const };
  for (const p of draws(wide, 20, 1000, 10)) {
    assert.deepEqual([p.x, p.y, p.width, p.height], [493, 0, 13, 10]);
  }
});

test('factors never fall below 0, and a clean recipe draws plain patches', () => {
  const strong = { ...cifar16, jitter: { probability: 1, brightness: 3, contrast: 0, saturation: 0, hue: 0 } };
  for (const p of draws(strong, 500)) assert.ok(p.brightness >= 0 && p.brightness <= 4 && p.contrast === 1);
  for (const p of draws(withoutAugmentation(cifar16), 50)) {
    assert.deepEqual({ ...p, order: [] }, { ...plainPatch(p.x, p.y, 16, 16), order: [] });
  }
});
