import type { PatchBatch, Pixels, Recipe } from 'bagssl/patches';

/** The pixels in the form that a canvas draws. */
export function imageData({ data, width, height, layout }: Pixels): ImageData {
  const image = new ImageData(width, height);
  const count = width * height;
  const [step, next] = { rgba: [4, 1], rgb: [3, 1], planar: [1, count], grey: [1, 0] }[layout];
  if (layout === 'rgba') image.data.set(data);
  else for (let c = 0; c < 3; c++) for (let i = 0; i < count; i++) image.data[4 * i + c] = data[i * step + c * next];
  for (let i = 3; i < 4 * count; i += 4) image.data[i] = 255;
  return image;
}

/** A canvas of the picture at its own size; the style sheet decides how large it is shown. */
export function pictureCanvas(pixels: Pixels): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = pixels.width;
  canvas.height = pixels.height;
  canvas.getContext('2d')!.putImageData(imageData(pixels), 0, 0);
  return canvas;
}

/** A canvas of a bitmap that was made at the size it is shown. */
export function bitmapCanvas(bitmap: ImageBitmap): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext('bitmaprenderer')!.transferFromImageBitmap(bitmap);
  return canvas;
}

/** The `index`-th patch of a batch as the encoder sees it, before normalisation. */
export function patchImage({ data, shape }: PatchBatch, index: number, { mean, std }: Recipe): ImageData {
  const [, , height, width] = shape;
  const area = height * width;
  const image = new ImageData(width, height);
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = 255 * (data[(3 * index + c) * area + i] * std[c] + mean[c]);
    image.data[4 * i + 3] = 255;
  }
  return image;
}
