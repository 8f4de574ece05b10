import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRecipe } from '../../src/patches/check-recipe.ts';
import { cifar16, empSsl, presets, withoutAugmentation } from '../../src/patches/recipe.ts';

test('presets are valid, plain JSON', () => {
  for (const recipe of [...Object.values(presets), withoutAugmentation(empSsl)]) {
    assert.deepEqual(checkRecipe(JSON.parse(JSON.stringify(recipe))), recipe);
  }
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
  [{ ...cifar16, solarise: 0.1 }, /unknown key "solarise"; known: size/],
  [{ size: 16 }, /scale is undefined/],
];

for (const [recipe, message] of BAD) {
  test(`refused: ${message.source}`, () => {
    assert.throws(() => checkRecipe(recipe), { name: 'BagsslError', code: 'bad-argument', message });
  });
}
