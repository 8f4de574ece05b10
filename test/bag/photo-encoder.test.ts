import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { PatchEncoder } from '../../src/embed.ts';
import { cosine, createEmbedder, type Embedder } from '../../src/index.ts';
import type { Pixels } from '../../src/patches.ts';

const FILE = 'models/photos.safetensors';

/** Vectors by NumPy, PyTorch and Pillow, times 10,000: photo-encoder.py. */
const golden: readonly { size: [number, number]; vector: number[] }[] = JSON.parse(
  readFileSync('test/golden/photo-encoder.json', 'utf8'),
);

/** Smooth colours, a chequerboard and a disc, in whole numbers, as photo-encoder.py draws it. */
function picture(width: number, height: number): Pixels {
  const data = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const board = (Math.floor((x * 8) / width) ^ Math.floor((y * 8) / height)) & 1;
      const [a, b] = [(4 * x - width) * height, (4 * y - 2 * height) * width];
      const disc = a * a + b * b < width * width * height * height ? 1 : 0;
      const colour = [
        Math.floor((x * 255) / width),
        Math.floor((y * 160) / height) + 60 * board,
        90 + 40 * board + 120 * disc,
      ];
      data.set(
        colour.map((v) => Math.min(255, v)),
        3 * (y * width + x),
      );
    }
  }
  return { data, width, height, layout: 'rgb' };
}

describe('the encoder that comes with the package', () => {
  let embedder: Embedder;
  before(async () => {
    embedder = await createEmbedder({ device: 'native', threads: 1, encoder: FILE });
  });
  after(() => embedder.dispose());

  it('is at most 3 MB and gives at most 512 numbers', () => {
    assert.ok(statSync(FILE).size <= 3_000_000);
    assert.equal(embedder.width, 504);
  });

  for (const { size, vector } of golden) {
    it(`gives the vector that NumPy and PyTorch give of ${size.join(' × ')} px`, async () => {
      const found = await embedder.embed(picture(...size));
      const similarity = cosine(found, Float32Array.from(vector));
      assert.ok(similarity > 0.9999, `the cosine is ${similarity}`);
    });
  }

  it('embeds patches with its network where it is told to', async () => {
    const { encoder } = embedder;
    const placement = { kind: 'dense' } as const;
    const plain = (encoder as PatchEncoder).with({ layout: 'mean', placement });
    await using patches = await createEmbedder({ device: 'native', threads: 1, workers: 0, encoder: plain });
    const { vector, count } = await patches.bag(picture(160, 120));
    assert.ok(vector.length === 128 && count > 100 && vector.every(Number.isFinite));
  });
});
