import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkJob } from '../../src/patches/check-job.ts';
import { patchDrawer } from '../../src/patches/draw.ts';
import { runJob } from '../../src/patches/job.ts';
import { Kernels } from '../../src/patches/kernels.ts';
import { plainPatch } from '../../src/patches/parameters.ts';
import { presets } from '../../src/patches/presets.ts';
import { checkRecipe } from '../../src/patches/recipe.ts';
import { cutReference } from '../../src/patches/reference.ts';
import golden from '../golden/posterize.json' with { type: 'json' };
import { fixtureJob, generatedPixels } from './batch-fixture.ts';

const kernels = await Kernels.load();
const BLACK = [0, 0, 0] as const;
const ONE = [1, 1, 1] as const;

test('every byte falls to the level that Pillow gives it', () => {
  const data = Uint8Array.from({ length: 256 }, (_, i) => i);
  for (const [bits, bytes] of Object.entries(golden)) {
    const out = new Float32Array(3 * 256);
    const patch = { ...plainPatch(0, 0, 16, 16), posterize: Number(bits) };
    kernels.cut({ data, width: 16, height: 16, layout: 'grey' }, [patch], 16, BLACK, ONE, out);
    // A level of a float is a share of 2^bits, of a byte the bits that are left.
    for (let i = 0; i < out.length; i++) assert.equal(out[i] * 256, bytes[i % 256]);
  }
});

test('it equals its definition where the kernels’ planes have gaps', () => {
  const pixels = generatedPixels(1, 40, 30, 'rgba');
  for (const size of [1, 3, 7, 16]) {
    const patch = { ...plainPatch(2, 3, 20, 20), posterize: 3, solarise: 0.5, saturation: 0.5 };
    const out = new Float32Array(3 * size * size);
    kernels.cut(pixels, [patch], size, [0.5, 0.4, 0.3], [0.2, 0.3, 0.4], out);
    assert.deepEqual(out, cutReference(pixels, patch, size, [0.5, 0.4, 0.3], [0.2, 0.3, 0.4]));
  }
});

test('it is drawn last, as often as asked, and leaves all other draws as they were', () => {
  for (const recipe of [presets.cifar16, presets.empSsl]) {
    const n = 4000;
    let hits = 0;
    for (let view = 0; view < n; view++) {
      const key = { seed: 3, epoch: 0, image: 1, view };
      const { posterize, ...rest } = patchDrawer({ ...recipe, posterize: { probability: 0.3, bits: 4 } })(key, 32, 32);
      assert.deepEqual(rest, patchDrawer(recipe)(key, 32, 32));
      assert.ok(posterize === undefined || posterize === 4);
      if (posterize) hits++;
    }
    assert.ok(Math.abs(hits / n - 0.3) < 0.04, `${hits} of ${n}`);
  }
});

test('what was drawn can be cut again', () => {
  const { recipe, images, ...job } = fixtureJob();
  const posterized = { ...job, recipe: { ...recipe, posterize: { probability: 0.5, bits: 2 } }, images: [images[0]] };
  const drawn = runJob(kernels, { ...posterized, keepParameters: true });
  assert.ok(drawn.parameters!.some(({ posterize }) => posterize === 2));
  const source = { kind: 'given', patches: JSON.parse(JSON.stringify([drawn.parameters])) } as const;
  checkJob({ ...posterized, source });
  assert.deepEqual(runJob(kernels, { ...posterized, source }).data, drawn.data);
});

test('options and draws out of range are refused', () => {
  const recipe = (posterize: unknown) => () => checkRecipe({ ...presets.cifar16, posterize });
  const refused = (run: () => unknown, message: RegExp) => assert.throws(run, { code: 'bad-argument', message });
  refused(recipe({ probability: 1.5, bits: 4 }), /recipe\.posterize: probability must .*, got 1\.5/);
  refused(recipe({ probability: 1, bits: 0 }), /recipe\.posterize: bits must be a whole number from 1 to 8, got 0/);
  refused(recipe({ probability: 1 }), /bits must .*, got undefined/);
  const { images, ...job } = fixtureJob();
  const source = { kind: 'given', patches: [[{ ...plainPatch(0, 0, 8, 8), posterize: 9 }]] } as const;
  refused(() => checkJob({ ...job, images: [images[0]], source }), /patch: posterize must .*, got 9/);
});
