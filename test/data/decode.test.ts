import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { BagsslError } from '../../src/base/errors.ts';
import { decodeImage } from '../../src/data/decode.ts';
import type { Decoder } from '../../src/data/decoder.ts';
import { readImageHeader } from '../../src/data/image-header.ts';
import { nativeDecoder, portableDecoder } from '../../src/data/server-decoders.ts';

const WIDTH = 48;
const HEIGHT = 32;
/** Four quarters of plain colour, so that a turn shows and compression does no harm in their middles. */
const QUARTERS = [
  [200, 40, 40],
  [40, 180, 60],
  [50, 60, 200],
  [230, 230, 230],
];
const quarter = (x: number, y: number, width = WIDTH, height = HEIGHT) =>
  (y < height / 2 ? 0 : 2) + (x < width / 2 ? 0 : 1);

const raw = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => {
  const pixel = Math.floor(i / 3);
  return QUARTERS[quarter(pixel % WIDTH, Math.floor(pixel / WIDTH))][i % 3];
});
const picture = () => sharp(raw, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
const bytesOf = async (image: Sharp) => new Uint8Array(await image.toBuffer());

/** The quarters whose colours the four corners show, by reading order. */
function corners({ data, width, height }: { data: Uint8Array | Uint8ClampedArray; width: number; height: number }) {
  return [0, 1, 2, 3].map((i) => {
    const x = Math.floor(width * (i % 2 ? 0.75 : 0.25));
    const y = Math.floor(height * (i < 2 ? 0.25 : 0.75));
    const at = (y * width + x) * 4;
    assert.equal(data[at + 3], 255);
    return QUARTERS.findIndex((colour) => colour.every((v, c) => Math.abs(v - data[at + c]) < 12));
  });
}

const files: Record<string, Uint8Array> = {};
const decoders: Record<string, Decoder> = { portable: portableDecoder };

before(async () => {
  decoders.sharp = (await nativeDecoder())!;
  files.jpeg = await bytesOf(picture().jpeg({ quality: 95, chromaSubsampling: '4:4:4' }));
  files.progressive = await bytesOf(picture().jpeg({ quality: 95, progressive: true, chromaSubsampling: '4:4:4' }));
  files.png = await bytesOf(picture().png());
  files.palette = await bytesOf(picture().png({ palette: true }));
  files.png16 = await bytesOf(picture().toColourspace('rgb16').png());
  files.webp = await bytesOf(picture().webp({ quality: 95 }));
  files.lossless = await bytesOf(picture().webp({ lossless: true }));
  files.alpha = await bytesOf(picture().ensureAlpha().webp({ quality: 95 }));
  // A quarter turn clockwise is asked for.
  files.turned = await bytesOf(picture().jpeg({ quality: 95 }).withMetadata({ orientation: 6 }));
});

describe('readImageHeader', () => {
  it('finds type and size', () => {
    for (const [name, type] of Object.entries({
      jpeg: 'jpeg',
      progressive: 'jpeg',
      turned: 'jpeg',
      png: 'png',
      palette: 'png',
      webp: 'webp',
      lossless: 'webp',
      alpha: 'webp',
    })) {
      const orientation = name === 'turned' ? 6 : 1;
      const expected = { type, width: WIDTH, height: HEIGHT, orientation, inks: false };
      assert.deepEqual(readImageHeader(files[name]), expected, name);
    }
  });

  it('reads the canvas of an extended WebP', () => {
    const bytes = Buffer.concat([
      Buffer.from('RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0', 'latin1'),
      Buffer.of(0xff, 0x0f, 0x01, 0x02, 0, 0),
    ]);
    assert.deepEqual(readImageHeader(bytes), {
      type: 'webp',
      width: 0x010fff + 1,
      height: 3,
      orientation: 1,
      inks: false,
    });
  });

  it('says nothing of other bytes, and never throws', () => {
    assert.equal(readImageHeader(new TextEncoder().encode('<svg/>')), undefined);
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(files)),
        fc.nat(64),
        fc.nat(64),
        fc.nat(255),
        (name, cut, at, byte) => {
          const bytes = files[name].slice(0, cut);
          bytes[at] = byte;
          readImageHeader(bytes);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

for (const name of ['sharp', 'portable']) {
  describe(`decodeImage with ${name}`, () => {
    const decode = (bytes: Uint8Array, file = 'a.jpg') => decodeImage(bytes, file, { decoder: decoders[name] });

    it('decodes every kind', async () => {
      for (const kind of ['jpeg', 'progressive', 'png', 'palette', 'png16', 'webp', 'lossless', 'alpha']) {
        const image = await decode(files[kind]);
        assert.deepEqual([image.width, image.height, image.layout], [WIDTH, HEIGHT, 'rgba'], kind);
        assert.deepEqual(corners(image), [0, 1, 2, 3], kind);
      }
    });

    it('turns a JPEG upright', async () => {
      const image = await decode(files.turned);
      assert.deepEqual([image.width, image.height], [HEIGHT, WIDTH]);
      assert.deepEqual(corners(image), [2, 0, 3, 1]);
    });

    it('decodes bytes that lie inside a larger buffer', async () => {
      const larger = new Uint8Array(files.png.length + 20);
      larger.set(files.png, 7);
      assert.deepEqual(corners(await decode(larger.subarray(7, 7 + files.png.length))), [0, 1, 2, 3]);
    });

    it('shrinks large images', async () => {
      const bytes = await bytesOf(picture().resize(1200, 800, { kernel: 'nearest' }).jpeg());
      const image = await decode(bytes);
      assert.deepEqual([image.width, image.height], [400, 266]);
      assert.deepEqual(corners(image), [0, 1, 2, 3]);
    });

    const refuse = (bytes: Uint8Array, message: RegExp) =>
      assert.rejects(decode(bytes, 'x.jpg'), { name: 'BagsslError', code: 'bad-data', message });

    it('refuses a truncated file, then decodes the next', async () => {
      for (const kind of ['png', 'webp']) {
        await refuse(files[kind].slice(0, files[kind].length * 0.8), /^x\.jpg: /);
        assert.deepEqual(corners(await decode(files.jpeg)), [0, 1, 2, 3]);
      }
      const scan = files.jpeg.findIndex((byte, i) => byte === 0xff && files.jpeg[i + 1] === 0xda);
      await refuse(files.jpeg.slice(0, scan), /truncated before its image data/);
    });

    it('refuses anything but an image', async () => {
      await refuse(new Uint8Array(), /^x\.jpg: the file is empty/);
      await refuse(new TextEncoder().encode('hello'), /not a JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF or BMP image/);
    });

    it('refuses a header that claims too much, before decoding', async () => {
      const png = files.png.slice();
      new DataView(png.buffer).setUint32(16, 20_000);
      new DataView(png.buffer).setUint32(20, 20_000);
      await refuse(png, /20000×20000 pixels; at most 100 megapixels/);
    });

    it('gives an image or its own error for damaged bytes', async () => {
      const kinds = ['jpeg', 'png', 'webp', 'lossless'];
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...kinds), fc.array(fc.tuple(fc.nat(), fc.nat(255))), async (kind, edits) => {
          const bytes = files[kind].slice();
          for (const [at, byte] of edits) bytes[at % bytes.length] = byte;
          try {
            await decode(bytes);
          } catch (error) {
            assert.ok(error instanceof BagsslError && error.code === 'bad-data', String(error));
          }
        }),
        { numRuns: 150 },
      );
      assert.deepEqual(corners(await decode(files.webp)), [0, 1, 2, 3]);
    });
  });
}
