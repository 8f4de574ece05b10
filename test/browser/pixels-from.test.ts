import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type PixelSource, pixelsFrom } from '../../src/data/pixels-from.ts';

const WIDTH = 48;
const HEIGHT = 32;
/** Four quarters of plain colour, so that a turn shows. */
const QUARTERS = ['rgb(200,40,40)', 'rgb(40,180,60)', 'rgb(50,60,200)', 'rgb(230,230,230)'];

function paint(context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D) {
  QUARTERS.forEach((colour, i) => {
    context.fillStyle = colour;
    context.fillRect((i % 2) * (WIDTH / 2), Math.floor(i / 2) * (HEIGHT / 2), WIDTH / 2, HEIGHT / 2);
  });
}

function canvas(): HTMLCanvasElement {
  const made = document.createElement('canvas');
  made.width = WIDTH;
  made.height = HEIGHT;
  paint(made.getContext('2d')!);
  return made;
}

const blob = (type: string) => new Promise<Blob>((resolve) => canvas().toBlob((made) => resolve(made!), type, 1));

/** A JPEG that asks for a quarter turn clockwise: an APP1 segment with one EXIF entry, orientation 6. */
async function turned(): Promise<Blob> {
  const bytes = new Uint8Array(await (await blob('image/jpeg')).arrayBuffer());
  const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0];
  const body = [...[...'Exif\0\0'].map((c) => c.charCodeAt(0)), ...tiff];
  const segment = Uint8Array.of(0xff, 0xe1, 0, body.length + 2, ...body);
  return new Blob([bytes.slice(0, 2), segment, bytes.slice(2)], { type: 'image/jpeg' });
}

async function element(file: Blob): Promise<HTMLImageElement> {
  const image = new Image();
  image.width = 10; // how it is shown does not matter
  image.src = URL.createObjectURL(file);
  await image.decode();
  return image;
}

async function video(): Promise<HTMLVideoElement> {
  const source = canvas();
  const made = document.createElement('video');
  made.muted = true;
  made.srcObject = source.captureStream(30);
  document.body.append(made);
  const painting = setInterval(() => paint(source.getContext('2d')!), 20);
  await made.play();
  clearInterval(painting);
  return made;
}

const SOURCES: Record<string, () => Promise<PixelSource>> = {
  async HTMLCanvasElement() {
    return canvas();
  },
  async OffscreenCanvas() {
    const made = new OffscreenCanvas(WIDTH, HEIGHT);
    paint(made.getContext('2d')!);
    return made;
  },
  async ImageData() {
    return canvas().getContext('2d')!.getImageData(0, 0, WIDTH, HEIGHT);
  },
  ImageBitmap: () => createImageBitmap(canvas()),
  async VideoFrame() {
    return new VideoFrame(canvas(), { timestamp: 0 });
  },
  'png Blob': () => blob('image/png'),
  'jpeg Blob': () => blob('image/jpeg'),
  'webp Blob': () => blob('image/webp'),
  async HTMLImageElement() {
    return element(await blob('image/png'));
  },
  HTMLVideoElement: video,
};

/** The quarters whose colours the middles of the four quarters show, by reading order. */
function quarters({ data, width, height }: { data: ArrayLike<number>; width: number; height: number }): number[] {
  return [0, 1, 2, 3].map((i) => {
    const at = (Math.floor(height * (i < 2 ? 0.25 : 0.75)) * width + Math.floor(width * (i % 2 ? 0.75 : 0.25))) * 4;
    return QUARTERS.findIndex((text) => text.match(/\d+/g)!.every((v, c) => Math.abs(Number(v) - data[at + c]) < 16));
  });
}

describe('pixelsFrom', () => {
  for (const [name, make] of Object.entries(SOURCES)) {
    it(`reads ${name}`, async () => {
      const source = await make();
      const pixels = await pixelsFrom(source);
      assert.deepEqual([pixels.width, pixels.height, pixels.layout], [WIDTH, HEIGHT, 'rgba']);
      assert.equal(pixels.data.length, WIDTH * HEIGHT * 4);
      assert.deepEqual(quarters(pixels), [0, 1, 2, 3]);
      // What was given stays the caller's.
      if (source instanceof ImageBitmap) assert.equal(source.width, WIDTH);
      if (source instanceof VideoFrame) source.close();
    });
  }

  it('turns pictures upright as EXIF says', async () => {
    const file = await turned();
    for (const source of [file, await element(file)]) {
      const pixels = await pixelsFrom(source);
      assert.deepEqual([pixels.width, pixels.height], [HEIGHT, WIDTH]);
      assert.deepEqual(quarters(pixels), [2, 0, 3, 1]);
    }
  });

  it('refuses what is empty, too large or no picture, and says why', async () => {
    const refused = (source: unknown, message: RegExp, mostPixels?: number) =>
      assert.rejects(pixelsFrom(source as PixelSource, { mostPixels }), { name: 'BagsslError', message });
    await refused(new Image(), /HTMLImageElement is 0×0/);
    await refused(canvas(), /HTMLCanvasElement is 48×32 pixels; the limit is 1000/, 1000);
    await refused(await blob('image/png'), /48×32 pixels; at most 0\.001 megapixels/, 1000);
    await refused(new Blob(['no picture']), /not a JPEG, PNG/);
    await refused(document.body, /cannot be read from HTMLBodyElement/);
  });
});
