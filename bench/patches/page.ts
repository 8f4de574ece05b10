// Runs in Chromium: bagssl, then what a page would use instead, on the plain cases (crop, resample, flip, normalise).

import type { Pixels } from '../../src/base/pixels.ts';
import { patchDrawer } from '../../src/patches/draw.ts';
import type { PatchParameters } from '../../src/patches/parameters.ts';
import { CASES, type Case, pixels, rate } from './cases.ts';
import { ours, type Row } from './ours.ts';

/** The patches of one image. */
function draws({ recipe, side, views }: Case, image: number): PatchParameters[] {
  const draw = patchDrawer(recipe);
  return Array.from({ length: views }, (_, view) => draw({ seed: 1, epoch: 0, image, view }, side, side));
}

/** RGBA bytes of `stride` pixels a row, from column `left`, to a normalised patch. */
function normalise(bytes: ArrayLike<number>, stride: number, left: number, size: number, out: Float32Array): void {
  const plane = size * size;
  for (let i = 0; i < plane; i++) {
    const at = (Math.floor(i / size) * stride + left + (i % size)) * 4;
    out[i] = bytes[at] / 127.5 - 1;
    out[plane + i] = bytes[at + 1] / 127.5 - 1;
    out[2 * plane + i] = bytes[at + 2] / 127.5 - 1;
  }
}

type Peer = (
  work: Case,
  images: readonly Pixels[],
  boxes: readonly PatchParameters[][],
) => Promise<() => Promise<number>>;

const imageData = (p: Pixels) => new ImageData(new Uint8ClampedArray(p.data), p.width, p.height);
const context = (width: number, height: number) =>
  new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;

const PEERS: Record<string, Peer> = {
  /** All patches of an image side by side on one canvas, read back at once. */
  async 'OffscreenCanvas drawImage + getImageData'({ recipe: { size }, views }, images, boxes) {
    const sources = await Promise.all(images.map((p) => createImageBitmap(imageData(p))));
    const canvas = context(size * views, size);
    const out = new Float32Array(3 * size * size);
    return async () => {
      sources.forEach((source, i) => {
        boxes[i].forEach((p, k) => {
          canvas.setTransform(p.flip ? -1 : 1, 0, 0, 1, p.flip ? (k + 1) * size : k * size, 0);
          canvas.drawImage(source, p.x, p.y, p.width, p.height, 0, 0, size, size);
        });
        const { data } = canvas.getImageData(0, 0, size * views, size);
        for (let k = 0; k < views; k++) normalise(data, size * views, k * size, size, out);
      });
      return images.length * views;
    };
  },
  async 'createImageBitmap with resize'({ recipe: { size }, views }, images, boxes) {
    const sources = await Promise.all(images.map((p) => createImageBitmap(imageData(p))));
    const canvas = context(size, size);
    const out = new Float32Array(3 * size * size);
    const options = { resizeWidth: size, resizeHeight: size, resizeQuality: 'medium' } as const;
    return async () => {
      for (const [i, source] of sources.entries()) {
        const made = await Promise.all(
          boxes[i].map((p) => createImageBitmap(source, p.x, p.y, p.width, p.height, options)),
        );
        made.forEach((bitmap, k) => {
          canvas.setTransform(boxes[i][k].flip ? -1 : 1, 0, 0, 1, boxes[i][k].flip ? size : 0, 0);
          canvas.drawImage(bitmap, 0, 0);
          bitmap.close();
          normalise(canvas.getImageData(0, 0, size, size).data, size, 0, size, out);
        });
      }
      return images.length * views;
    };
  },
  async 'pica resizeBuffer'({ recipe: { size }, views }, images, boxes) {
    const { default: pica } = await import('pica');
    const resizer = pica({ features: ['js', 'wasm'] });
    const out = new Float32Array(3 * size * size);
    return async () => {
      for (const [i, { data, width }] of images.entries()) {
        for (const p of boxes[i]) {
          const src = new Uint8Array(p.width * p.height * 4);
          for (let y = 0; y < p.height; y++) {
            const from = ((p.y + y) * width + p.x) * 4;
            src.set(data.subarray(from, from + p.width * 4), y * p.width * 4);
          }
          const at = { src, width: p.width, height: p.height, toWidth: size, toHeight: size, filter: 'hamming' };
          normalise(await resizer.resizeBuffer(at), size, 0, size, out);
        }
      }
      return images.length * views;
    };
  },
  /** One call for the whole batch; a flip is a box with left and right exchanged. */
  async 'TF.js wasm cropAndResize'({ recipe: { size }, side, views }, images, boxes) {
    const tf = await import('@tensorflow/tfjs-core');
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    setWasmPaths('/tfjs/');
    await tf.setBackend('wasm');
    const floats = new Float32Array(images.length * side * side * 3);
    images.forEach(({ data }, k) => {
      for (let i = 0; i < side * side * 3; i++) {
        floats[k * side * side * 3 + i] = data[Math.floor(i / 3) * 4 + (i % 3)] / 255;
      }
    });
    const batch = tf.tensor4d(floats, [images.length, side, side, 3]);
    const flat = boxes.flat().flatMap(({ x, y, width, height, flip }) => {
      const [left, right] = flip ? [x + width - 1, x] : [x, x + width - 1];
      return [y, left, y + height - 1, right].map((v) => v / (side - 1));
    });
    return async () => {
      const made = tf.tidy(() => {
        const places = tf.tensor2d(Float32Array.from(flat), [images.length * views, 4]);
        const of = tf.tensor1d(
          Int32Array.from(boxes.flat(), (_, i) => Math.floor(i / views)),
          'int32',
        );
        const cut = tf.image.cropAndResize(batch, places, of, [size, size], 'bilinear');
        return tf.div(tf.sub(cut, 0.5), 0.5);
      });
      await made.data();
      made.dispose();
      return images.length * views;
    };
  },
};

async function peers(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const name of ['plain', 'photo'] as const) {
    const work = CASES[name];
    const images = Array.from({ length: work.images }, (_, id) => pixels(id, work.side, 'rgba'));
    const boxes = images.map((_, id) => draws(work, id));
    for (const [engine, peer] of Object.entries(PEERS)) {
      const run = await peer(work, images, boxes);
      rows.push({ engine, case: name, threads: 1, patches_per_second: Math.round(await rate(run, 3)) });
    }
  }
  return rows;
}

const wanted = new URLSearchParams(location.search);
const rows = await ours('Chromium', navigator.hardwareConcurrency);
if (wanted.has('peers')) rows.push(...(await peers()));
console.log(JSON.stringify(rows));
