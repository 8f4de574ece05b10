import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cifar16, presets } from '../../src/patches/presets.ts';
import { checkRecipe, recipeOfView, withoutAugmentation } from '../../src/patches/recipe.ts';

test('presets are valid, plain JSON', () => {
  for (const recipe of [...Object.values(presets), withoutAugmentation(presets.byol)]) {
    assert.deepEqual(checkRecipe(JSON.parse(JSON.stringify(recipe))), recipe);
  }
});

test('views take turns in what they change, and nothing else', () => {
  const { byol } = presets;
  const [first, second, third] = [0, 1, 2].map((view) => recipeOfView(byol, view));
  assert.deepEqual(first, third);
  assert.equal(first.blur?.probability, 1);
  assert.equal(first.solarise, undefined);
  assert.equal(second.blur?.probability, 0.1);
  assert.equal(second.solarise?.probability, 0.2);
  assert.deepEqual({ ...first, blur: 0, solarise: 0 }, { ...second, blur: 0, solarise: 0 });
  assert.equal(recipeOfView(cifar16, 5), cifar16);
});

const jitter = (change: object) => ({ ...cifar16, jitter: { ...cifar16.jitter, ...change } });

const BAD: [recipe: unknown, message: RegExp][] = [
  [null, /recipe is null; it must be an object/],
  [{ ...cifar16, size: 0 }, /recipe: size must be a whole number from 1 to 1024, got 0/],
  [{ ...cifar16, size: 16.5 }, /size must be a whole number .*, got 16\.5/],
  [{ ...cifar16, size: Number.NaN }, /size must .*, got NaN/],
  [{ ...cifar16, scale: 0.25 }, /scale must be \[least, most\] of numbers from 1e-9 to 1, got 0\.25/],
  [{ ...cifar16, scale: [0, 0.5] }, /scale must .*, got \[0,0\.5\]/],
  [{ ...cifar16, scale: [0.5, 1.1] }, /scale must .*, got \[0\.5,1\.1\]/],
  [{ ...cifar16, scale: [0.5, 0.25] }, /scale must .*, got \[0\.5,0\.25\]/],
  [{ ...cifar16, flip: 1.2 }, /recipe: flip must be a number from 0 to 1, got 1\.2/],
  [{ ...cifar16, flip: '0.5' }, /flip must .*, got "0\.5"/],
  [{ ...cifar16, greyscale: -0.1 }, /greyscale must .*, got -0\.1/],
  [jitter({ hue: 0.6 }), /recipe\.jitter: hue must be a number from 0 to 0\.5, got 0\.6/],
  [jitter({ brightness: Number.POSITIVE_INFINITY }), /brightness must .*, got Infinity/],
  [jitter({ blur: 1 }), /recipe\.jitter: there is no "blur"; its options: probability, brightness/],
  [{ ...cifar16, std: [1, 0, 1] }, /std must be an array of 3 numbers .*, got \[1,0,1\]/],
  [{ ...cifar16, mean: [0.5, 0.5] }, /mean must be an array of 3 numbers .*, got \[0\.5,0\.5\]/],
  [{ ...cifar16, solarize: 0.1 }, /there is no "solarize"; its options: size/],
  [{ size: 16 }, /scale must .*, got undefined/],
  [{ ...cifar16, jitter: undefined }, /jitter must be an object, got undefined/],
  [{ ...cifar16, blur: null }, /blur must be an object, got null/],
  [{ ...cifar16, ratio: [0, 1] }, /ratio must .*, got \[0,1\]/],
  [{ ...cifar16, interpolation: 'nearest' }, /interpolation must be one of bilinear, bicubic, got "nearest"/],
  [{ ...cifar16, blur: { probability: 1.2, kernel: 5, sigma: [1, 2] } }, /recipe\.blur: probability must .*, got 1\.2/],
  [{ ...cifar16, blur: { probability: 1, kernel: 4, sigma: [1, 2] } }, /kernel must be an odd .*, got 4/],
  [{ ...cifar16, blur: { probability: 1, kernel: 33, sigma: [1, 2] } }, /kernel must .* from 3 to 31, got 33/],
  [{ ...cifar16, blur: { probability: 1, kernel: 5, sigma: [0, 2] } }, /sigma must .*, got \[0,2\]/],
  [{ ...cifar16, solarise: { probability: 0.1, threshold: 128 } }, /recipe\.solarise: threshold must .*, got 128/],
  [{ ...cifar16, views: [] }, /views must .*, got \[\]/],
  [{ ...cifar16, views: [{}, { size: 8 }] }, /recipe\.views\[1\]: there is no "size"/],
  [{ ...cifar16, views: [{ flip: 2 }] }, /recipe\.views\[0\]: flip must .*, got 2/],
];

for (const [recipe, message] of BAD) {
  test(`refused: ${message.source}`, () => {
    assert.throws(() => checkRecipe(recipe), { name: 'BagsslError', code: 'bad-argument', message });
  });
}
