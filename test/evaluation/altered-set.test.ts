import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { alteredSet } from '../../src/node.ts';
import type { Pixels } from '../../src/patches.ts';

/** A picture without mirror symmetry: red grows to the right, green downwards. */
function picture(layout: 'planar' | 'rgba'): Pixels {
  const [width, height] = [60, 40];
  const data = new Uint8Array(width * height * (layout === 'planar' ? 3 : 4)).fill(255);
  for (let i = 0; i < width * height; i++) {
    [4 * (i % width), 6 * Math.floor(i / width), 90].forEach((value, c) => {
      data[layout === 'planar' ? c * width * height + i : 4 * i + c] = value;
    });
  }
  return { data, width, height, layout };
}
const images = (layout: 'planar' | 'rgba' = 'planar') => ({ name: 'made', length: 6, image: () => picture(layout) });
const at = ({ data, width, height, layout }: Pixels, x: number, y: number, c: number) =>
  layout === 'planar' ? data[c * width * height + y * width + x] : data[4 * (y * width + x) + c];

describe('altered copies', () => {
  it('are windows of 40 % of the area, mirrored, recoloured, each in its own way', async () => {
    const set = alteredSet(images(), 'strong');
    const copies = await Promise.all(Array.from({ length: set.length }, (_, i) => set.image(i)));
    for (const copy of copies) {
      assert.deepEqual([copy.width, copy.height, copy.layout], [38, 25, 'planar']);
      assert.ok(at(copy, 0, 12, 0) > at(copy, 37, 12, 0) + 20, 'red grows to the left');
      assert.ok(at(copy, 19, 24, 1) > at(copy, 19, 0, 1), 'green still grows downwards');
    }
    assert.equal(new Set(copies.map(({ data }) => String(data))).size, copies.length);
  });

  it('are halved and saved as JPEGs where they are mild', async () => {
    const copy = await alteredSet(images(), 'mild').image(0);
    assert.deepEqual([copy.width, copy.height, copy.layout], [26, 17, 'rgba']);
    assert.ok(at(copy, 0, 8, 0) > at(copy, 25, 8, 0) + 40);
  });

  it('depend on seed and image alone, not on the order or how pixels are laid out', async () => {
    const bytes = async (seed: number, index: number, layout: 'planar' | 'rgba' = 'planar') =>
      String((await alteredSet(images(layout), 'strong', { seed }).image(index)).data);
    assert.equal(await bytes(1, 3), await bytes(1, 3, 'rgba'));
    assert.notEqual(await bytes(1, 3), await bytes(2, 3));
    const set = alteredSet({ ...images(), ids: [9, 8, 7, 6, 5, 3] }, 'strong', { seed: 1 });
    assert.equal(String((await set.image(5)).data), await bytes(1, 3), 'a part of a set is altered as the whole is');
  });

  it('are refused where the setting or the seed cannot be', () => {
    assert.throws(() => alteredSet(images(), 'rough' as 'mild'), { code: 'bad-argument' });
    assert.throws(() => alteredSet(images(), 'mild', { seed: -1 }), { code: 'bad-argument' });
  });
});
