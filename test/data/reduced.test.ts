import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import { builtinScenes } from '../../src/data/builtin-scenes.ts';
import { decodeImage } from '../../src/data/decode.ts';
import { nativeDecoder, portableDecoder } from '../../src/data/server-decoders.ts';
import { shrink } from '../../src/data/shrink.ts';
import { cosine, createEmbedder, type Embedder } from '../../src/index.ts';

/** Photographs keep 0.999 (docs/formats.md); these scenes have sharper edges than any, and fewer patches. */
const SAME = 0.997;
/** Of the shrunk image. */
const SHORT_SIDE = 96;

/** A photograph's worth of texture: scenes side by side, `factor` times as large as the images that patches are cut from. */
async function large(factor: number, orientation: number): Promise<Uint8Array> {
  const scenes = builtinScenes({ count: 400 });
  const columns = Math.ceil((factor * SHORT_SIDE * 1.4) / 32);
  const rows = Math.ceil((factor * SHORT_SIDE) / 32);
  const [width, height] = [columns * 32, rows * 32];
  const raw = new Uint8Array(width * height * 3);
  for (let n = 0; n < columns * rows; n++) {
    const { data } = await scenes.image(n % 400);
    for (let i = 0; i < 3072; i++) {
      const pixel = i & 1023;
      const row = Math.floor(n / columns) * 32 + (pixel >> 5);
      raw[(row * width + (n % columns) * 32 + (pixel & 31)) * 3 + (i >> 10)] = data[i];
    }
  }
  const image = sharp(raw, { raw: { width, height, channels: 3 } }).blur(0.7);
  return new Uint8Array(await image.jpeg({ quality: 90 }).withMetadata({ orientation }).toBuffer());
}

const engine = { device: 'wasm', threads: 1, workers: 0 } as const;

describe('a JPEG decoded at a smaller scale', () => {
  let embedder: Embedder;
  before(async () => {
    embedder = await createEmbedder({ ...engine, encoder: 'models/cifar10.safetensors' });
  });
  after(() => embedder.dispose());

  // By 1/2 and by 1/8: the least factor of each, where the difference is largest.
  for (const [factor, scale, orientation] of [
    [4, 3, 6],
    [11, 9, 1],
  ]) {
    it(`is as the whole one shrunk ${factor} times: same size, cosine at least ${SAME}`, async () => {
      const bytes = await large(factor, orientation);
      const native = (await nativeDecoder())!;
      let decoded = 0;
      const image = await decodeImage(bytes, 'large.jpg', {
        shortSide: SHORT_SIDE,
        async decoder(...given) {
          const made = await native(...given);
          decoded = made.width * made.height;
          return made;
        },
      });
      const whole = await decodeImage(bytes, 'large.jpg', { decoder: portableDecoder, shortSide: Infinity });
      const expected = shrink(whole, SHORT_SIDE);
      assert.ok(decoded <= (whole.width * whole.height) / scale ** 2, 'it was decoded whole');
      assert.deepEqual([image.width, image.height], [expected.width, expected.height]);
      const found = cosine(await embedder.embed(image), await embedder.embed(expected));
      assert.ok(found >= SAME, `cosine ${found.toFixed(5)}`);
    });
  }
});
