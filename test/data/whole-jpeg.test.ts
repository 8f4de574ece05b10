import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import sharp, { type JpegOptions } from 'sharp';
import { decodeImage } from '../../src/data/decode.ts';
import { portableDecoder } from '../../src/data/server-decoders.ts';
import { wholeJpeg } from '../../src/data/whole-jpeg.ts';

const [width, height] = [160, 120];
const textured = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37 + (i >> 7) * 91) & 255);

const made = async (options: JpegOptions = {}, raw: Uint8Array = textured) =>
  new Uint8Array(
    await sharp(raw, { raw: { width, height, channels: 3 } })
      .jpeg(options)
      .toBuffer(),
  );
const scanOf = (bytes: Uint8Array) => bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xda) + 14;

describe('wholeJpeg', () => {
  let standard: Uint8Array;
  before(async () => {
    standard = await made({ optimiseCoding: false });
  });

  it('finds nothing missing in whole files, plain ones and progressive ones', async () => {
    const plain = new Uint8Array(textured.length).fill(128);
    // Half a page of plain colour, whose image data are zeros by tables made for it.
    const half = textured.map((value, i) => (i < textured.length / 2 ? value : 255));
    for (const raw of [textured, plain, half]) {
      for (const options of [{}, { optimiseCoding: false }, { progressive: true }, { mozjpeg: true }]) {
        const bytes = await made(options, raw);
        assert.deepEqual(wholeJpeg(bytes), { bytes, missing: undefined }, JSON.stringify(options));
      }
    }
  });

  it('ends a file that is cut short, wherever', () => {
    for (const cut of [standard.length - 2, standard.length - 1, Math.floor(standard.length / 2)]) {
      const { bytes, missing } = wholeJpeg(standard.slice(0, cut))!;
      assert.match(missing!, /cut short/);
      assert.deepEqual([...bytes.slice(-2)], [0xff, 0xd9]);
    }
  });

  it('finds zeros where image data should be, up to the end or a disk sector in the middle', () => {
    const from = scanOf(standard) + 1000;
    for (const to of [standard.length - 2, from + 512]) {
      assert.match(wholeJpeg(standard.slice().fill(0, from, to))!.missing!, /zeros/);
    }
  });

  it('has nothing to give for a file without image data', () => {
    assert.equal(wholeJpeg(standard.slice(0, scanOf(standard) - 14)), undefined);
  });

  it('makes a warning of what is missing, and the picture up to there is as it was', async () => {
    const whole = await decodeImage(standard, 'whole.jpg');
    for (const decoder of [undefined, portableDecoder]) {
      const heard: string[] = [];
      const onWarning = (message: string) => heard.push(message);
      const cut = await decodeImage(standard.slice(0, standard.length / 2), 'cut.jpg', { decoder, onWarning });
      assert.deepEqual(heard, ['cut.jpg: the jpeg lacks image data (the file is cut short); what is missing is grey.']);
      assert.deepEqual(cut.data.slice(0, width * 32 * 4), whole.data.slice(0, width * 32 * 4));
      const last = cut.data.slice(-4 * width);
      assert.ok(last.every((value, i) => (i % 4 === 3 ? value === 255 : value === last[i % 4])));
    }
  });
});
