import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import type { Pixels } from '../../src/base/pixels.ts';
import { builtinScenes } from '../../src/data/builtin-scenes.ts';
import { decodeImage } from '../../src/data/decode.ts';
import { nativeDecoder, portableDecoder } from '../../src/data/server-decoders.ts';
import { shrink } from '../../src/data/shrink.ts';
import { cosine, createEmbedder, type Embedder } from '../../src/index.ts';

/** Photographs keep 0.999 (docs/formats.md); these scenes have sharper edges than any, and fewer patches. */
const SAME = 0.998;
/** Of the shrunk image. */
const SHORT_SIDE = 96;

/** A photograph's worth of texture: scenes side by side, `factor` times as large as the images that patches are cut from. */
async function large(type: 'jpeg' | 'png' | 'webp', factor: number, orientation: number): Promise<Uint8Array> {
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
  return new Uint8Array(await image.toFormat(type, { quality: 90 }).withMetadata({ orientation }).toBuffer());
}

const engine = { device: 'wasm', threads: 1, workers: 0 } as const;

describe('an image that sharp decodes at a smaller scale', () => {
  let embedder: Embedder;
  before(async () => {
    embedder = await createEmbedder({ ...engine, encoder: 'models/cifar10.safetensors' });
  });
  after(() => embedder.dispose());

  for (const [type, factor, orientation] of [
    ['jpeg', 2, 6],
    ['jpeg', 4, 1],
    ['jpeg', 11, 8],
    ['png', 2, 1],
    ['webp', 3, 1],
  ] as const) {
    it(`is as the whole ${type} shrunk ${factor} times: same size, cosine at least ${SAME}`, async () => {
      const bytes = await large(type, factor, orientation);
      const native = (await nativeDecoder())!;
      let decoded: Pixels | undefined;
      const image = await decodeImage(bytes, 'large', {
        shortSide: SHORT_SIDE,
        async decoder(...given) {
          decoded = await native(...given);
          return decoded;
        },
      });
      const whole = await decodeImage(bytes, 'large', { decoder: portableDecoder, shortSide: Infinity });
      const expected = shrink(whole, SHORT_SIDE);
      assert.deepEqual([decoded!.width, decoded!.height], [expected.width, expected.height], 'it was decoded whole');
      assert.deepEqual([image.width, image.height], [expected.width, expected.height]);
      const found = cosine(await embedder.embed(image), await embedder.embed(expected));
      assert.ok(found >= SAME, `cosine ${found.toFixed(5)}`);
    });
  }
});
