import assert from 'node:assert/strict';
import { before, describe, it, mock } from 'node:test';
import sharp, { type Color } from 'sharp';
import { decodeImage } from '../../src/data/decode.ts';
import type { Decoder } from '../../src/data/decoder.ts';
import { readImageHeader } from '../../src/data/image-header.ts';
import { nativeDecoder, portableDecoder } from '../../src/data/server-decoders.ts';
import formats from '../golden/formats.json';

const decoders: Record<string, Decoder> = { portable: portableDecoder };
before(async () => {
  decoders.sharp = (await nativeDecoder())!;
});

const made = (name: keyof typeof formats) => new Uint8Array(Buffer.from(formats[name].bytes, 'base64'));
const joined = (...parts: (Uint8Array | readonly number[])[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const plain = (background: Color) => sharp({ create: { width: 16, height: 8, channels: 3, background } });

/** A TIFF of one strip, with the first byte low. */
function tiff(tags: Readonly<Record<number, number>>, strip: Uint8Array): Uint8Array {
  const entries = Object.entries({ ...tags, 273: 0, 278: tags[257], 279: strip.length });
  const start = 8 + 2 + 12 * entries.length + 4;
  const view = new DataView(new ArrayBuffer(start));
  view.setUint32(0, 0x49492a00);
  view.setUint32(4, 8, true);
  view.setUint16(8, entries.length, true);
  for (const [k, [tag, value]] of entries.entries()) {
    const at = 10 + 12 * k;
    view.setUint16(at, Number(tag), true);
    view.setUint16(at + 2, 4, true);
    view.setUint32(at + 4, 1, true);
    view.setUint32(at + 8, tag === '273' ? start : value, true);
  }
  return joined(new Uint8Array(view.buffer), strip);
}

for (const name of ['sharp', 'portable']) {
  describe(`unusual files with ${name}`, () => {
    const decode = (bytes: Uint8Array, onWarning?: (message: string) => void) =>
      decodeImage(bytes, 'x', { decoder: decoders[name], onWarning });
    const pixel = async (bytes: Uint8Array, x: number, y: number) => {
      const { data, width } = await decode(bytes);
      return [...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 3)];
    };

    it('a GIF is white where its first frame leaves something out, and as large as that frame', async () => {
      const gif = new Uint8Array(await plain('#000').gif().toBuffer());
      const frame = gif.findIndex((byte, i) => byte === 0x2c && gif[i + 5] === 16 && gif[i + 7] === 8);
      const moved = joined(gif.subarray(0, frame + 1), [4, 0, 2, 0], gif.subarray(frame + 5));
      for (const canvas of [
        [20, 0, 10, 0],
        [0, 0, 0, 0],
        [7, 0, 3, 0],
      ]) {
        moved.set(canvas, 6);
        const { width, height } = await decode(moved);
        assert.deepEqual([width, height], [20, 10]);
        assert.deepEqual(await pixel(moved, 1, 1), [255, 255, 255]);
        assert.deepEqual(await pixel(moved, 10, 5), [0, 0, 0]);
      }
    });

    it('a WebP may be followed by other bytes', async () => {
      const webp = await plain('#28b43c').webp({ lossless: true }).toBuffer();
      assert.deepEqual(await pixel(joined(webp, new Uint8Array(900).fill(65)), 3, 3), [40, 180, 60]);
    });

    it('a HEIC cut short is refused with the reason, and nothing is printed', async () => {
      const log = mock.method(console, 'log', () => undefined);
      try {
        const heic = made('photo.heic');
        await assert.rejects(decode(heic.subarray(0, heic.length - 200)), {
          code: 'bad-data',
          message: /end of file/i,
        });
        await assert.rejects(decode(joined(heic.subarray(0, 40), new Uint8Array(400).fill(9))), { code: 'bad-data' });
        assert.equal(log.mock.callCount(), 0);
        assert.equal((await decode(heic)).width, 64);
      } finally {
        log.mock.restore();
      }
    });

    it('a JPEG of inks that is cut short is decoded, with a warning', async () => {
      const jpeg = made('cmyk.jpg');
      const warnings: string[] = [];
      const { width, height, data } = await decode(jpeg.subarray(0, jpeg.length * 0.8), (text) => warnings.push(text));
      assert.match(warnings.join(), /^x: the jpeg lacks image data/);
      const whole = await decode(jpeg);
      assert.deepEqual([width, height], [whole.width, whole.height]);
      assert.deepEqual(data.subarray(0, width * 16), whole.data.subarray(0, width * 16), 'its first rows');
    });

    it('an AVIF whose alpha is multiplied in has the colours it had', async () => {
      // A quarter of (200, 40, 40) over white. avifenc 0.11.1: --premultiply --speed 6
      const found = await pixel(new Uint8Array(Buffer.from(PREMULTIPLIED, 'base64')), 8, 8);
      const expected = [241, 201, 201];
      assert.ok(
        found.every((level, c) => Math.abs(level - expected[c]) <= 3),
        `${found}`,
      );
    });

    it('a TIFF of greys of 2 or 4 bits is read, also with white as 0', async () => {
      // Two pixels: a third, and white.
      const grey = { 256: 2, 257: 1, 259: 1, 277: 1 };
      const read = async (bits: number, photometric: number, byte: number) => {
        const bytes = tiff({ ...grey, 258: bits, 262: photometric }, Uint8Array.of(byte));
        return [(await pixel(bytes, 0, 0))[0], (await pixel(bytes, 1, 0))[1]];
      };
      assert.deepEqual(await read(4, 1, 0x5f), [85, 255]);
      assert.deepEqual(await read(4, 0, 0xa0), [85, 255]);
      assert.deepEqual(await read(2, 1, 0b01110000), [85, 255]);
    });

    it('a TIFF of samples that decoders read each in its own way is refused', async () => {
      const colours = { 256: 2, 257: 2, 259: 1, 262: 2, 277: 3 };
      const kinds = {
        'half floats': { ...colours, 258: 16, 339: 3 },
        'greys in floating point': { ...colours, 258: 32, 339: 3, 262: 1, 277: 1 },
        '32 bits': { ...colours, 258: 32 },
        signed: { ...colours, 258: 16, 339: 2 },
        'YCbCr without JPEG': { ...colours, 258: 8, 262: 6 },
      };
      for (const [kind, tags] of Object.entries(kinds)) {
        const message = /samples of \d+ bits.*save it as RGB of 8 bits/;
        await assert.rejects(decode(tiff(tags, new Uint8Array(48))), { code: 'bad-data', message }, kind);
      }
    });
  });
}

it('orientation is that of the first EXIF segment, in two bytes, as in browsers', async () => {
  const jpeg = new Uint8Array(await plain('#28b43c').jpeg().toBuffer());
  const segment = (orientation: number, type = 3) => {
    const value = type === 3 ? [0, orientation, 0, 0] : [0, 0, 0, orientation];
    const tag = [0x01, 0x12, 0, type, 0, 0, 0, 1, ...value];
    return [0xff, 0xe1, 0, 34, ...Buffer.from('Exif\0\0MM\0*\0\0\0\x08\0\x01'), ...tag, 0, 0, 0, 0];
  };
  const read = (...segments: number[][]) =>
    readImageHeader(joined(jpeg.subarray(0, 2), segments.flat(), jpeg.subarray(2)))!.orientation;
  assert.equal(read(segment(6)), 6);
  assert.equal(read(segment(6), segment(1)), 6);
  assert.equal(read(segment(1), segment(6)), 1);
  assert.equal(read(segment(6, 4)), 1);
});

const PREMULTIPLIED =
  'AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUEAAAGbbWV0YQAAAAAAAAAoaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAAAGxpYmF2aW' +
  'YAAAAADnBpdG0AAAAAAAEAAAAsaWxvYwAAAABEAAACAAEAAAABAAAB1gAAAB8AAgAAAAEAAAHDAAAAEwAAAEJpaW5mAAAAAAACAAAAGmluZmUC' +
  'AAAAAAEAAGF2MDFDb2xvcgAAAAAaaW5mZQIAAAAAAgAAYXYwMUFscGhhAAAAAChpcmVmAAAAAAAAAA5wcmVtAAEAAQACAAAADmF1eGwAAgABAA' +
  'EAAADDaXBycAAAAJ1pcGNvAAAAFGlzcGUAAAAAAAAAEAAAABAAAAAQcGl4aQAAAAADCAgIAAAADGF2MUOBIAAAAAAAE2NvbHJuY2x4AAEADQAG' +
  'gAAAAA5waXhpAAAAAAEIAAAADGF2MUOBABwAAAAAOGF1eEMAAAAAdXJuOm1wZWc6bXBlZ0I6Y2ljcDpzeXN0ZW1zOmF1eGlsaWFyeTphbHBoYQ' +
  'AAAAAeaXBtYQAAAAAAAAACAAEEAQKDBAACBAEFhgcAAAA6bWRhdBIACgUYDP/YVDIIEAAAHhi24HgSAAoIOAz/2EBDQaQyERZABhhhhAAAeJ1f' +
  'rojWHdzA';
