import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRecipe } from '../../src/patches/check-recipe.ts';
import { cifar16, presets } from '../../src/patches/presets.ts';
import { recipeOfView, withoutAugmentation } from '../../src/patches/recipe.ts';

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
  [{ ...cifar16, size: 0 }, /size is 0; it must be a number from 1 to 1024/],
  [{ ...cifar16, size: 16.5 }, /size is 16\.5; it must be a whole number/],
  [{ ...cifar16, size: Number.NaN }, /size is NaN/],
  [{ ...cifar16, scale: 0.25 }, /scale is 0\.25; it must be two numbers/],
  [{ ...cifar16, scale: [0, 0.5] }, /scale\[0\] is 0/],
  [{ ...cifar16, scale: [0.5, 1.1] }, /scale\[1\] is 1\.1/],
  [{ ...cifar16, scale: [0.5, 0.25] }, /scale is \[0\.5,0\.25\].*least ≤ most/],
  [{ ...cifar16, flip: 1.2 }, /flip is 1\.2; it must be a number from 0 to 1/],
  [{ ...cifar16, flip: '0.5' }, /flip is "0\.5"/],
  [{ ...cifar16, greyscale: -0.1 }, /greyscale is -0\.1/],
  [jitter({ hue: 0.6 }), /jitter\.hue is 0\.6; it must be a number from 0 to 0\.5/],
  [jitter({ brightness: Number.POSITIVE_INFINITY }), /brightness is Infinity/],
  [jitter({ blur: 1 }), /jitter has an unknown key "blur"/],
  [{ ...cifar16, std: [1, 0, 1] }, /std\[1\] is 0/],
  [{ ...cifar16, mean: [0.5, 0.5] }, /mean is \[0\.5,0\.5\]; it must be three numbers/],
  [{ ...cifar16, solarize: 0.1 }, /unknown key "solarize"; known: size/],
  [{ size: 16 }, /scale is undefined/],
  [{ ...cifar16, ratio: [0, 1] }, /ratio\[0\] is 0/],
  [{ ...cifar16, interpolation: 'nearest' }, /interpolation is "nearest"/],
  [{ ...cifar16, blur: { probability: 1.2, kernel: 5, sigma: [1, 2] } }, /blur\.probability is 1\.2/],
  [{ ...cifar16, blur: { probability: 1, kernel: 4, sigma: [1, 2] } }, /blur\.kernel is 4; it must be an odd/],
  [{ ...cifar16, blur: { probability: 1, kernel: 33, sigma: [1, 2] } }, /kernel is 33; .* from 3 to 31/],
  [{ ...cifar16, blur: { probability: 1, kernel: 5, sigma: [0, 2] } }, /blur\.sigma\[0\] is 0/],
  [{ ...cifar16, solarise: { probability: 0.1, threshold: 128 } }, /solarise\.threshold is 128/],
  [{ ...cifar16, views: [] }, /views is \[\]/],
  [{ ...cifar16, views: [{}, { size: 8 }] }, /views\[1\] has an unknown key "size"/],
  [{ ...cifar16, views: [{ flip: 2 }] }, /views\[0\]\.flip is 2/],
];

for (const [recipe, message] of BAD) {
  test(`refused: ${message.source}`, () => {
    assert.throws(() => checkRecipe(recipe), { name: 'BagsslError', code: 'bad-argument', message });
  });
}
