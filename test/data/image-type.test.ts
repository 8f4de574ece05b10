import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import { imageTypeOf, TYPE_BYTES } from '../../src/data/image-type.ts';

const latin = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));
const ftyp = (...brands: string[]) =>
  latin(`\0\0\0${String.fromCharCode(12 + 4 * brands.length)}ftyp${brands[0]}\0\0\0\0${brands.slice(1).join('')}`);

describe('imageTypeOf', () => {
  it('knows files of real encoders by their first bytes', async () => {
    const picture = sharp({ create: { width: 9, height: 7, channels: 3, background: '#345' } });
    for (const type of ['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff'] as const) {
      const bytes = await picture.clone().toFormat(type).toBuffer();
      assert.equal(imageTypeOf(bytes), type);
      assert.equal(imageTypeOf(bytes.subarray(0, TYPE_BYTES)), type);
    }
  });

  it('knows the brands of phones and encoders', () => {
    // iOS, Samsung, libheif; AVIF by libavif and by a writer that names the container first; a film is none.
    assert.equal(imageTypeOf(ftyp('heic', 'mif1', 'heic')), 'heic');
    assert.equal(imageTypeOf(ftyp('mif1', 'mif1', 'heic')), 'heic');
    assert.equal(imageTypeOf(ftyp('heix', 'mif1')), 'heic');
    assert.equal(imageTypeOf(ftyp('avif', 'mif1', 'miaf')), 'avif');
    assert.equal(imageTypeOf(ftyp('mif1', 'avif', 'miaf')), 'avif');
    assert.equal(imageTypeOf(ftyp('isom', 'mp42')), undefined);
    assert.equal(imageTypeOf(ftyp('qt  ')), undefined);
  });

  it('knows both byte orders of TIFF, and BMP by its header', () => {
    for (const start of ['II*\0', 'MM\0*', 'II+\0', 'MM\0+']) assert.equal(imageTypeOf(latin(start)), 'tiff');
    const bmp = new Uint8Array(60);
    bmp.set(latin('BM'));
    assert.equal(imageTypeOf(bmp), undefined);
    bmp[14] = 40;
    assert.equal(imageTypeOf(bmp), 'bmp');
  });

  it('knows nothing else, and never throws', () => {
    for (const text of ['', 'B', 'BM is a title', '<svg/>', 'RIFF....WAVE', '\xff\xd8', '%PDF-1.7']) {
      assert.equal(imageTypeOf(latin(text)), undefined, text);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        imageTypeOf(bytes);
      }),
    );
  });
});
